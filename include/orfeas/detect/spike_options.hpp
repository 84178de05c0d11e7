// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::detect {

/// Configures a spike_detector. Prefix ORFEAS_SPIKE_.
struct spike_options {
    double threshold = 4.4;                ///< deviations from the expected value that are no alert in any case
    double false_alerts_per_day = 0.05;    ///< that are expected at most of a stream without anomalies
    std::uint32_t warm_up = 300;           ///< samples before the first alert
    std::uint32_t longest = 60;            ///< samples after which a new level is usual
    std::string gaps = "ignore";           ///< what missing values mean: ignore, hold, zero or alert
    double gap_intervals = 3;              ///< usual intervals without a value that make a gap
    std::chrono::milliseconds interval{0}; ///< usual time between samples; 0 learns it

    static constexpr std::string_view environment_prefix = "ORFEAS_SPIKE_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("threshold", self.threshold, in_range(4.0, 1e6),
              "deviations from the expected value that are no alert in any case");
        field("false_alerts_per_day", self.false_alerts_per_day, in_range(1e-6, 100.0),
              "false alerts a day that are expected at most of a stream without anomalies");
        field("warm_up", self.warm_up, in_range(300, 1'000'000), "samples before the first alert");
        field("longest", self.longest, in_range(2, 100'000), "samples after which a new level is usual");
        field("gaps", self.gaps, one_of("ignore", "hold", "zero", "alert"), "what missing values mean");
        field("gap_intervals", self.gap_intervals, in_range(1.0, 1e6),
              "usual intervals without a value that make a gap");
        field("interval", self.interval, in_range(milliseconds{0}, milliseconds{86'400'000}),
              "usual time between samples; 0 learns it");
    }
};
static_assert(options<spike_options>);

} // namespace orfeas::inline v0::detect
