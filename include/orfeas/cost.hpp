// SPDX-License-Identifier: MIT
#pragma once

/// What GPU time costs: by gigabyte, request and batch, idle, saved by a cache, by month; with a ledger that survives a crash.
/// Streaming values without a clock, a thread, a file or a third party; the ledger's file is observe/log_file.hpp.

#include <orfeas/cost/account_book.hpp>
#include <orfeas/cost/batch_return.hpp>
#include <orfeas/cost/cost_options.hpp>
#include <orfeas/cost/cost_report.hpp>
#include <orfeas/cost/counter_reading.hpp>
#include <orfeas/cost/ledger.hpp>
#include <orfeas/cost/ledger_entry.hpp>
#include <orfeas/cost/ledger_error.hpp>
#include <orfeas/cost/meter.hpp>
#include <orfeas/cost/month_trend.hpp>
#include <orfeas/cost/price.hpp>
#include <orfeas/cost/usage.hpp>
