// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace orfeas::inline v0::detect {

enum class verdict_state : std::uint8_t;
enum class anomaly_family : std::uint8_t;
enum class alert_phase : std::uint8_t;
enum class gap_policy : std::uint8_t;
enum class arrival : std::uint8_t;

struct sample;
struct vector_sample;
struct alert_ref;
struct blame_share;
struct blame_list;
struct verdict;
struct gated_score;
struct alert_gate_options;
struct tail_threshold_options;
struct outlier_options;
struct correlation_options;
struct random_cut_forest_options;
struct half_space_trees_options;
struct spike_options;
struct drift_options;
struct season_options;
struct metric_options;

class sample_clock;
class alert_gate;
class tail_threshold;
class outlier_detector;
class correlation_detector;
class random_cut_forest;
class vector_random_cut_forest;
class half_space_trees;
class vector_half_space_trees;
class spike_detector;
class drift_detector;
class season_detector;
class metric_detector;

} // namespace orfeas::inline v0::detect
