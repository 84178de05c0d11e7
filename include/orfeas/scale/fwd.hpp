// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace orfeas::inline v0::scale {

enum class metric_kind : std::uint8_t;
enum class policy_kind : std::uint8_t;
enum class policy_choice : std::uint8_t;
enum class scaling_term : std::uint8_t;

struct metric_reading;
struct metric_proposal;
struct scaling_policy;
struct scaling_rules;
struct scaling_bounds;
struct observation;
struct predicted_load;
struct advisor_options;
struct metric_advice;
struct scaling_advice;

class behavior;
class advisor;

} // namespace orfeas::inline v0::scale
