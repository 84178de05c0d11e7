// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::detect {

/// Configures a season_detector. Prefix ORFEAS_SEASON_.
struct season_options {
    double threshold = 8;                         ///< evidence from which on there is an alert
    std::uint32_t warm_up = 576;                  ///< blocks, of 1/288 of the period, before the first alert
    std::uint32_t longest = 288;                  ///< blocks after which a new profile is learned
    std::chrono::milliseconds period{86'400'000}; ///< that the profile is of, by the clock; 0 finds it
    std::string gaps = "ignore";                  ///< what missing values mean: ignore, hold, zero or alert
    double gap_intervals = 3;                     ///< usual intervals without a value that make a gap
    std::chrono::milliseconds interval{0};        ///< usual time between samples; 0 learns it

    static constexpr std::string_view environment_prefix = "ORFEAS_SEASON_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("threshold", self.threshold, in_range(3.0, 60.0), "evidence from which on there is an alert");
        field("warm_up", self.warm_up, in_range(48, 1'000'000), "blocks before the first alert");
        field("longest", self.longest, in_range(12, 1'000'000), "blocks after which a new profile is learned");
        field("period", self.period, in_range(milliseconds{0}, milliseconds{31'536'000'000}),
              "that the profile is of, by the clock; 0 finds it");
        field("gaps", self.gaps, one_of("ignore", "hold", "zero", "alert"), "what missing values mean");
        field("gap_intervals", self.gap_intervals, in_range(1.0, 1e6),
              "usual intervals without a value that make a gap");
        field("interval", self.interval, in_range(milliseconds{0}, milliseconds{86'400'000}),
              "usual time between samples; 0 learns it");
    }
};
static_assert(options<season_options>);

} // namespace orfeas::inline v0::detect
