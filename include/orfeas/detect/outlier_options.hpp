// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::detect {

/// Configures an outlier_detector. Prefix ORFEAS_OUTLIER_.
struct outlier_options {
    double threshold = 1.67;               ///< times the stream's usual peak from which on there is an alert
    std::uint32_t warm_up = 300;           ///< samples that the range of usual values is learned from
    std::uint32_t lookback = 8'000;        ///< samples for which a level is remembered at least, twice as many at most
    std::string gaps = "ignore";           ///< what missing values mean: ignore, hold, zero or alert
    double gap_intervals = 3;              ///< usual intervals without a value that make a gap
    std::chrono::milliseconds interval{0}; ///< usual time between samples; 0 learns it

    static constexpr std::string_view environment_prefix = "ORFEAS_OUTLIER_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("threshold", self.threshold, in_range(0.01, 1'000.0), "times the usual peak that make an alert");
        field("warm_up", self.warm_up, in_range(150, 300), "samples that the range of usual values is learned from");
        field("lookback", self.lookback, in_range(300, 100'000'000),
              "samples for which a level is remembered at least");
        field("gaps", self.gaps, one_of("ignore", "hold", "zero", "alert"), "what missing values mean");
        field("gap_intervals", self.gap_intervals, in_range(1.0, 1e6),
              "usual intervals without a value that make a gap");
        field("interval", self.interval, in_range(milliseconds{0}, milliseconds{86'400'000}),
              "usual time between samples; 0 learns it");
    }
};
static_assert(options<outlier_options>);

} // namespace orfeas::inline v0::detect
