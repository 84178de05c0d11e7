// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/fields.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/scale/metric_reading.hpp>
#include <orfeas/scale/scaling_term.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orfeas::inline v0::scale {

/// What one metric alone wanted.
struct metric_advice {
    std::string name;
    metric_kind kind = metric_kind::average;
    double value = 0; ///< not-a-number where it could not be read
    double target = 0;
    std::optional<double> ratio{};                   ///< to the target, as the formula takes it
    std::optional<std::uint32_t> desired_replicas{}; ///< nothing where it could not be told

    static void fields(auto& self, auto&& field) {
        field("name", self.name, unit::none, "of the metric");
        field("kind", self.kind, unit::none, "how it is held against its target");
        field("value", self.value, unit::none, "as it was read");
        field("target", self.target, unit::none, "what it should be");
        field("ratio", self.ratio, unit::ratio, "value to target, with replicas that do not report counted in");
        field("desired_replicas", self.desired_replicas, unit::none, "what this metric alone wants");
    }
    friend bool operator==(metric_advice const&, metric_advice const&) = default;
};

/// How many replicas are advised, and why. `to_json` of it is what `/api/v1/scaling` answers:
/// `{"desired_replicas": 4, "current_replicas": 3, …, "metrics": [{"name": "utilization", …}], "reasons": ["…"]}`.
struct scaling_advice {
    std::uint32_t desired_replicas = 0;
    std::uint32_t current_replicas = 0;
    std::uint32_t ready_replicas = 0;
    scaling_term limiting_term = scaling_term::steady;
    std::string limiting_metric{};       ///< the metric that wants the most; empty where none is above the others
    std::uint32_t reactive_replicas = 0; ///< what would be advised without a forecast
    std::optional<std::uint32_t>
        forecast_replicas{};        ///< what the predicted load wants, before windows, policies and bounds
    std::uint32_t min_replicas = 0; ///< the bounds in force
    std::uint32_t max_replicas = 0;
    std::optional<std::uint32_t> fitting_replicas{}; ///< that fit into the devices' memory
    std::optional<std::uint32_t> affordable_replicas{};
    double cost_per_hour = 0; ///< of what is advised
    double idle_s = 0;        ///< time without work
    std::vector<metric_advice> metrics{};
    std::vector<std::string> reasons{}; ///< in sentences, the decisive one last

    static void fields(auto& self, auto&& field) {
        field("desired_replicas", self.desired_replicas, unit::none, "replicas that are advised");
        field("current_replicas", self.current_replicas, unit::none, "replicas that were asked for");
        field("ready_replicas", self.ready_replicas, unit::none, "replicas that serve");
        field("limiting_term", self.limiting_term, unit::none, "what the advice comes from");
        field("limiting_metric", self.limiting_metric, unit::none, "the metric that wants the most");
        field("reactive_replicas", self.reactive_replicas, unit::none, "what is advised without a forecast");
        field("forecast_replicas", self.forecast_replicas, unit::none, "what the predicted load wants, without limits");
        field("min_replicas", self.min_replicas, unit::none, "the fewest in force");
        field("max_replicas", self.max_replicas, unit::none, "the most in force");
        field("fitting_replicas", self.fitting_replicas, unit::none, "that fit into the memory of the devices");
        field("affordable_replicas", self.affordable_replicas, unit::none, "that the budget pays");
        field("cost_per_hour", self.cost_per_hour, unit::none, "of what is advised");
        field("idle_s", self.idle_s, unit::seconds, "time without work");
        field("metrics", self.metrics, unit::none, "what each metric alone wants");
        field("reasons", self.reasons, unit::none, "why, in sentences");
    }
    friend bool operator==(scaling_advice const&, scaling_advice const&) = default;
};
static_assert(has_fields<scaling_advice> && has_fields<metric_advice>);

} // namespace orfeas::inline v0::scale
