// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::observe {

/// Configures an anomaly_watch. Prefix ORFEAS_ANOMALY_.
struct anomaly_options {
    /// The series that are judged, by metric name or key with commas between them; "*" for all.
    std::string series =
        "process_cpu_ratio, process_resident_memory_bytes, memory_allocated_bytes, memory_stranded_ratio,"
        "queue_depth, cache_hit_ratio, cache_l2_read_failures_per_second, http_application_requests_per_second,"
        "http_errors_per_second, http_request_p95_ms, gpu_utilization_ratio, gpu_memory_used_bytes,"
        "gpu_temperature_celsius, gpu_power_watts,"
        R"(runtime_executor_lag_seconds{kind="timer",stat="p99"})";
    std::uint32_t most_series = 256; ///< further ones are not judged, and counted
    std::uint32_t kept = 200;        ///< anomalies that are remembered after their end

    static constexpr std::string_view environment_prefix = "ORFEAS_ANOMALY_";
    static void fields(auto& self, auto&& field) {
        field("series", self.series, any_value{}, "names or keys of the series to judge; * for all");
        field("most_series", self.most_series, in_range(1, 100'000), "series that are judged");
        field("kept", self.kept, in_range(1, 100'000), "anomalies that are remembered after their end");
    }
};
static_assert(options<anomaly_options>);

} // namespace orfeas::inline v0::observe
