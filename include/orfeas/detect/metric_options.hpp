// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::detect {

/// Configures a metric_detector. Prefix ORFEAS_METRIC_.
struct metric_options {
    double threshold = 1;           ///< times the usual boundary of each part
    std::uint32_t lookback = 8'000; ///< samples for which a level is remembered at least, twice as many at most
    std::chrono::milliseconds period{86'400'000}; ///< of the usual course
    std::string gaps = "ignore";                  ///< what missing values mean: ignore, hold, zero or alert
    double gap_intervals = 3;                     ///< usual intervals without a value that make a gap
    std::chrono::milliseconds interval{0};        ///< usual time between samples; 0 learns it

    static constexpr std::string_view environment_prefix = "ORFEAS_METRIC_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("threshold", self.threshold, in_range(0.5, 3.0), "times the usual boundary of each part");
        field("lookback", self.lookback, in_range(300, 100'000'000),
              "samples for which a level is remembered at least");
        field("period", self.period, in_range(milliseconds{1'000}, milliseconds{31'536'000'000}),
              "of the usual course");
        field("gaps", self.gaps, one_of("ignore", "hold", "zero", "alert"), "what missing values mean");
        field("gap_intervals", self.gap_intervals, in_range(1.0, 1e6),
              "usual intervals without a value that make a gap");
        field("interval", self.interval, in_range(milliseconds{0}, milliseconds{86'400'000}),
              "usual time between samples; 0 learns it");
    }
};
static_assert(options<metric_options>);

} // namespace orfeas::inline v0::detect
