// SPDX-License-Identifier: MIT
#pragma once

namespace orfeas::inline v0::cost {

enum class ledger_error;

struct cost_options;
struct batch_return_options;
struct device_id;
struct device_price;
struct device_amounts;
struct service_amounts;
struct device_usage;
struct usage;
struct device_figures;
struct device_cost;
struct cost_report;
struct batch_figures;
struct month_outlook;
struct month_cost;
struct ledger_entry;

class price_list;
class counter_reading;
class meter;
class batch_return;
class month_trend;

} // namespace orfeas::inline v0::cost
