// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/forecast/health_score.hpp>
#include <orfeas/forecast/prediction_log.hpp>
#include <orfeas/forecast/predictive_alert_options.hpp>
#include <orfeas/forecast/seasonal_options.hpp>
#include <orfeas/forecast/time_to_critical_options.hpp>
#include <orfeas/forecast/trend_options.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::observe {

/// Configures a prediction_watch. Prefix ORFEAS_PREDICTION_ for its own members; each part has a prefix of its own. Series
/// are named by metric name or key, with commas between them.
struct prediction_options {
    /// Memory in use and what it is a share of, with a slash between them.
    std::string memory = "memory_allocated_bytes/memory_total_bytes, gpu_memory_used_bytes/gpu_memory_total_bytes,"
                         "cgroup_memory_working_set_bytes/cgroup_memory_limit_bytes";
    std::string hit_ratio = "cache_hit_ratio";   ///< hit ratios of caches
    std::string latency = "http_request_p95_ms"; ///< latencies
    double latency_limit = 5'000;                ///< in the unit of those
    std::chrono::seconds cleanup_pause{60};      ///< between two cleanups that a forecast asked for

    forecast::time_to_critical_options critical{};
    forecast::predictive_alert_options alert{};
    forecast::seasonal_options season{};
    forecast::trend_options trend{};
    forecast::prediction_log_options log{};
    forecast::health_options health{};

    static constexpr std::string_view environment_prefix = "ORFEAS_PREDICTION_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::seconds;
        field("memory", self.memory, any_value{}, "memory in use / what it is a share of, with commas between them");
        field("hit_ratio", self.hit_ratio, any_value{}, "hit ratios of caches, with commas between them");
        field("latency", self.latency, any_value{}, "latencies, with commas between them");
        field("latency_limit", self.latency_limit, in_range(1e-9, 1e12), "in the unit of the latencies");
        field("cleanup_pause", self.cleanup_pause, in_range(seconds{0}, seconds{86'400}),
              "between two cleanups that a forecast asked for");
    }
};
static_assert(orfeas::options<prediction_options>);

/// `base` with what the environment says of it and of each of its parts.
/// Throws option_error for a malformed or unknown variable under one of their prefixes.
inline prediction_options from_environment_with_parts(prediction_options base, environment const& variables) {
    base = from_environment(std::move(base), variables);
    base.critical = from_environment(base.critical, variables);
    base.alert = from_environment(base.alert, variables);
    base.season = from_environment(base.season, variables);
    base.trend = from_environment(base.trend, variables);
    base.log = from_environment(base.log, variables);
    base.health = from_environment(base.health, variables);
    return base;
}

} // namespace orfeas::inline v0::observe
