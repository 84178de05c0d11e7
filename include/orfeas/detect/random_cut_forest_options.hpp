// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::detect {

/// Configures a random_cut_forest or a vector_random_cut_forest. Prefix ORFEAS_RANDOM_CUT_FOREST_.
struct random_cut_forest_options {
    double threshold = 1.7;                ///< times the stream's usual peak from which on there is an alert
    std::uint32_t trees = 20;              ///< more are steadier, and cost as much more
    std::uint32_t samples = 512;           ///< points that each tree keeps
    std::uint32_t shingle = 1;             ///< samples in a row that make a point: more see shapes, one sees values
    std::uint32_t lookback = 5'000;        ///< samples after which one is kept 1/e times as likely
    std::uint32_t warm_up = 128;           ///< samples before the first alert
    std::uint64_t seed = 1;                ///< of the random cuts
    std::string gaps = "ignore";           ///< what missing values mean: ignore, hold, zero or alert
    double gap_intervals = 3;              ///< usual intervals without a value that make a gap
    std::chrono::milliseconds interval{0}; ///< usual time between samples; 0 learns it

    static constexpr std::string_view environment_prefix = "ORFEAS_RANDOM_CUT_FOREST_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("threshold", self.threshold, in_range(0.01, 1'000.0), "times the usual peak that make an alert");
        field("trees", self.trees, in_range(1, 1'000), "trees: more are steadier, and cost as much more");
        field("samples", self.samples, in_range(16, 8'192), "points that each tree keeps");
        field("shingle", self.shingle, in_range(1, 8), "samples in a row that make a point");
        field("lookback", self.lookback, in_range(100, 1'000'000'000),
              "samples after which one is kept 1/e times as likely");
        field("warm_up", self.warm_up, in_range(16, 1'000'000), "samples before the first alert");
        field("seed", self.seed, any_value{}, "of the random cuts");
        field("gaps", self.gaps, one_of("ignore", "hold", "zero", "alert"), "what missing values mean");
        field("gap_intervals", self.gap_intervals, in_range(1.0, 1e6),
              "usual intervals without a value that make a gap");
        field("interval", self.interval, in_range(milliseconds{0}, milliseconds{86'400'000}),
              "usual time between samples; 0 learns it");
    }
};
static_assert(options<random_cut_forest_options>);

} // namespace orfeas::inline v0::detect
