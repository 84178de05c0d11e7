// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <string_view>

namespace orfeas::inline v0::forecast {

/// Configures a predictive_alert. Prefix ORFEAS_PREDICTIVE_ALERT_.
struct predictive_alert_options {
    std::chrono::minutes lead{25};        ///< an alert starts when less than this is left
    std::chrono::seconds persistence{20}; ///< for which that has been said all along
    std::chrono::minutes hold{10};        ///< an alert ends when it has not been said for this long
    std::chrono::minutes grace{60};       ///< an alert is right when the level is reached this soon
    double confidence = 0.75;             ///< that a forecast must have
    double trust = 8;                     ///< alerts that halve a confidence when all of them were wrong

    static constexpr std::string_view environment_prefix = "ORFEAS_PREDICTIVE_ALERT_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::minutes;
        using std::chrono::seconds;
        field("lead", self.lead, in_range(minutes{1}, minutes{100'000}), "an alert starts when less is left");
        field("persistence", self.persistence, in_range(seconds{0}, seconds{86'400}), "for which that has been said");
        field("hold", self.hold, in_range(minutes{0}, minutes{10'000}), "an alert ends when it has not been said for");
        field("grace", self.grace, in_range(minutes{1}, minutes{100'000}), "an alert is right when reached this soon");
        field("confidence", self.confidence, in_range(0.0, 1.0), "that a forecast must have");
        field("trust", self.trust, in_range(0.1, 1e9), "alerts that halve a confidence when all were wrong");
    }
};
static_assert(options<predictive_alert_options>);

} // namespace orfeas::inline v0::forecast
