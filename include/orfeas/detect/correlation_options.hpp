// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::detect {

/// Configures a correlation_detector. Prefix ORFEAS_CORRELATION_.
struct correlation_options {
    double false_alerts_per_day = 2; ///< samples a day above the automatic threshold, of a stream without anomalies
    double threshold = 0;            ///< alert score from which on there is an alert; 0 finds it by itself
    std::uint32_t warm_up = 500;     ///< samples before the first alert
    std::uint32_t lookback = 5'000;  ///< samples that usual levels and spreads are averaged over
    std::string gaps = "ignore";     ///< what missing values mean: ignore, hold, zero or alert
    double gap_intervals = 3;        ///< usual intervals without a value that make a gap
    std::chrono::milliseconds interval{0}; ///< usual time between samples; 0 learns it

    static constexpr std::string_view environment_prefix = "ORFEAS_CORRELATION_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("false_alerts_per_day", self.false_alerts_per_day, in_range(1e-6, 1e6),
              "samples a day above the automatic threshold, of a stream without anomalies");
        field("threshold", self.threshold, in_range(0.0, 1e6),
              "alert score from which on there is an alert; 0 finds it by itself");
        field("warm_up", self.warm_up, in_range(100, 1'000'000), "samples before the first alert");
        field("lookback", self.lookback, in_range(300, 100'000'000),
              "samples that usual levels and spreads are averaged over");
        field("gaps", self.gaps, one_of("ignore", "hold", "zero", "alert"), "what missing values mean");
        field("gap_intervals", self.gap_intervals, in_range(1.0, 1e6),
              "usual intervals without a value that make a gap");
        field("interval", self.interval, in_range(milliseconds{0}, milliseconds{86'400'000}),
              "usual time between samples; 0 learns it");
    }
};
static_assert(options<correlation_options>);

} // namespace orfeas::inline v0::detect
