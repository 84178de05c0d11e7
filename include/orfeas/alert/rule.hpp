// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/severity.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orfeas::inline v0::alert {

/// On which side of its thresholds a value is bad.
enum class bad_side : std::uint8_t { above, below };

/// A severity and the value from which on it holds: strictly above, or below, the threshold.
struct level {
    severity at = severity::warning;
    double threshold = 0;
    std::optional<double> clear =
        std::nullopt; ///< an alert that fires goes on until the value is not beyond this; else the threshold
};

/// What an alert that fires does in a frame without a value for it: it ends, as with Prometheus, or it stays as it is, also when
/// its series is no more. One that is pending ends either way. Only a rule with levels can say `stays`: without them, no value is
/// what ends an alert.
enum class without_value : std::uint8_t { ends, stays };

/// Says when there is an alert, and what is told of it. One alert for each series that the expression gives; it is known by
/// the rule's name and the series' and rule's labels.
///
///     rule{.name = "queue_long", .expr = "queue_length", .levels = {{severity::warning, 100}, {severity::critical, 500}}}
///
/// Either the expression says where there is an alert (`queue_length > 100`), of the severity `at`; or it gives a value, and
/// the levels say how bad it is. Then it is one alert whose severity changes.
struct rule {
    std::string name;                            ///< letters, digits and `_`; known to people as the name of the alert
    std::string expr;                            ///< see `expression`
    std::vector<level> levels = {};              ///< from least to most severe; may be empty
    bad_side bad = bad_side::above;              ///< of the levels
    severity at = severity::warning;             ///< without levels
    std::chrono::nanoseconds pending_for{0};     ///< how long it must hold before the alert fires (Prometheus: `for`)
    std::chrono::nanoseconds keep_firing_for{0}; ///< how long the alert goes on once it no longer holds
    without_value on_absence = without_value::ends;
    label_set labels = {};         ///< added to those of the series
    label_set annotations = {};    ///< templates of texts: `summary`, `description`, `runbook_url`, …
    std::string group = "default"; ///< rules that belong together, in files and on the page
    bool is_enabled = true;
};

} // namespace orfeas::inline v0::alert
