// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/core/options.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// The thresholds of the alerts that are configured beforehand. Prefix ORFEAS_DEFAULT_ALERT_. Ratios are of 1.
struct default_rule_options {
    double gpu_memory_warning = 0.85; ///< of the memory of a pool, or of a GPU where there is no pool
    double gpu_memory_critical = 0.95;
    std::chrono::seconds gpu_memory_exhaustion{1'800}; ///< until its memory is foreseen to be critical
    double cpu = 0.9;                                  ///< of the cores that the process may use
    double cache_hit_ratio = 0.5;                      ///< over the last 60 s
    std::chrono::milliseconds response_time{5'000};    ///< 95th percentile of the last ten seconds
    double error_ratio = 0.01;                         ///< of the requests of the last minute
    double stranded_ratio = 0.25;                      ///< of reserved memory that remapping cannot recover
    std::chrono::milliseconds executor_lag{250};       ///< 99th percentile of the last minute
    std::chrono::seconds outage{30};                   ///< for how long a remote cache or exporter must be down

    static constexpr std::string_view environment_prefix = "ORFEAS_DEFAULT_ALERT_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        using std::chrono::seconds;
        constexpr in_range share{0.0, 1.0};
        constexpr in_range short_time{milliseconds{1}, milliseconds{3'600'000}};
        field("gpu_memory_warning", self.gpu_memory_warning, share,
              "of the memory of a pool, or of a GPU where there is no pool");
        field("gpu_memory_critical", self.gpu_memory_critical, share, "likewise");
        field("gpu_memory_exhaustion", self.gpu_memory_exhaustion, in_range(seconds{60}, seconds{604'800}),
              "until its memory is foreseen to be critical");
        field("cpu", self.cpu, share, "of the cores that the process may use");
        field("cache_hit_ratio", self.cache_hit_ratio, share, "over the last 60 s");
        field("response_time", self.response_time, short_time, "95th percentile of the last ten seconds");
        field("error_ratio", self.error_ratio, share, "of the requests of the last minute");
        field("stranded_ratio", self.stranded_ratio, share, "of reserved memory that remapping cannot recover");
        field("executor_lag", self.executor_lag, short_time, "99th percentile of the last minute");
        field("outage", self.outage, in_range(seconds{0}, seconds{86'400}),
              "for how long a remote cache or exporter must be down");
    }
};
static_assert(options<default_rule_options>);

/// Ten alerts that any GPU service wants, in nine rules: memory of a GPU has two levels in one. The metrics are those that an
/// observatory measures; where one is missing, its rule is quiet. Throws option_error.
inline std::vector<rule> default_rules(default_rule_options const& by = {}) {
    using namespace std::chrono_literals;
    using enum severity;
    validate(by);
    if (!(by.gpu_memory_critical > by.gpu_memory_warning)) {
        throw option_error{"gpu_memory_critical", orfeas::detail::option_text(by.gpu_memory_critical),
                           "above gpu_memory_warning"};
    }
    auto const seconds = [](auto of) { return std::chrono::duration<double>{of}.count(); };
    std::vector<rule> all;
    auto const add = [&](rule made, std::string summary, std::string description) {
        made.group = "orfeas";
        made.annotations = {{"description", std::move(description)}, {"summary", std::move(summary)}};
        all.push_back(std::move(made));
    };
    auto const within = [](double share) { return std::clamp(std::round(share * 1e6) / 1e6, 0.0, 1.0); };
    std::vector<level> errors{{warning, by.error_ratio}};
    if (double const many = within(by.error_ratio * 10); many > by.error_ratio) {
        errors.push_back({critical, many});
    }
    add({.name = "gpu_memory_high",
         .expr = "memory_allocated_bytes / memory_total_bytes or on() gpu_memory_used_bytes / gpu_memory_total_bytes",
         .levels = {{warning, by.gpu_memory_warning, within(by.gpu_memory_warning - 0.05)},
                    {critical, by.gpu_memory_critical, within((by.gpu_memory_warning + by.gpu_memory_critical) / 2)}},
         .keep_firing_for = 30s},
        "{{ $value | humanizePercentage }} of the memory of {{ $labels.component }}{{ $labels.gpu }} is in use",
        "Above {{ $threshold | humanizePercentage }}. Free caches, take smaller batches, or move load elsewhere.");
    add({.name = "gpu_memory_exhaustion",
         .expr = "memory_exhaustion_seconds",
         .levels = {{warning, seconds(by.gpu_memory_exhaustion)}, {critical, seconds(by.gpu_memory_exhaustion) / 3}},
         .bad = bad_side::below,
         .pending_for = 10s,
         .keep_firing_for = 60s},
        "memory of {{ $labels.series }} will be critical in {{ $value | humanizeDuration }}",
        "It grows, and the forecast says that it reaches its critical level. Look for what is not freed.");
    add({.name = "cpu_overload",
         .expr = "rate(process_cpu_seconds_total[1m]) / (cgroup_cpu_limit_cores or process_cpu_cores)",
         .levels = {{warning, by.cpu, within(by.cpu - 0.05)}},
         .pending_for = 60s,
         .keep_firing_for = 60s},
        "the process uses {{ $value | humanizePercentage }} of its CPU",
        "Above {{ $threshold | humanizePercentage }} for a minute. Requests wait for a core.");
    add({.name = "cache_hit_ratio_low",
         .expr = "cache_hit_ratio",
         .levels = {{warning, by.cache_hit_ratio, within(by.cache_hit_ratio + 0.05)}},
         .bad = bad_side::below,
         .pending_for = 300s,
         .keep_firing_for = 60s,
         .on_absence = without_value::ends},
        "{{ $value | humanizePercentage }} of the lookups in {{ $labels.component }} hit",
        "Below {{ $threshold | humanizePercentage }} for five minutes. Enlarge the cache, or look at what its keys "
        "hold.");
    add({.name = "response_time_high",
         .expr = "http_request_p95_ms",
         .levels = {{warning, seconds(by.response_time) * 1e3}},
         .pending_for = 10s,
         .keep_firing_for = 30s},
        "one request in 20 takes longer than {{ $value }} ms",
        "Above {{ $threshold }} ms. Look at the slowest traces.");
    add({.name = "error_ratio_high",
         .expr = "sum(rate(http_errors_total[1m])) / sum(rate(http_application_requests_total[1m])) "
                 "and sum(rate(http_application_requests_total[1m])) > 0.1",
         .levels = std::move(errors),
         .pending_for = 10s,
         .keep_firing_for = 60s},
        "{{ $value | humanizePercentage }} of the requests fail",
        "Above {{ $threshold | humanizePercentage }} over the last minute.");
    add({.name = "memory_fragmentation",
         .expr = "memory_stranded_ratio",
         .levels = {{warning, by.stranded_ratio, within(by.stranded_ratio * 0.8)}},
         .pending_for = 300s,
         .keep_firing_for = 60s},
        "{{ $value | humanizePercentage }} of the memory that {{ $labels.component }} reserves is stranded",
        "Above {{ $threshold | humanizePercentage }} for five minutes: free, but in pieces that remapping cannot "
        "join.");
    add({.name = "executor_lag",
         .expr = "runtime_executor_lag_seconds{kind=\"timer\",stat=\"p99\"}",
         .levels = {{warning, seconds(by.executor_lag)}},
         .pending_for = 30s,
         .keep_firing_for = 30s},
        "the executor is late by {{ $value | humanizeDuration }}",
        "Above {{ $threshold | humanizeDuration }}: something blocks a thread that runs coroutines.");
    add({.name = "remote_down",
         .expr = "cache_node_connected == 0 or sum by (component, signal) (rate(export_dropped_total[1m])) > 0",
         .pending_for = by.outage,
         .keep_firing_for = 30s},
        "{{ $labels.component }} has no connection to {{ $labels.node }}{{ $labels.signal }}",
        "A remote cache cannot be reached, or an exporter drops what its receiver does not take. Requests go on "
        "without it.");
    return all;
}

} // namespace orfeas::inline v0::alert
