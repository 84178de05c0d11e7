// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::detect {

/// Configures half_space_trees or vector_half_space_trees. Prefix ORFEAS_HALF_SPACE_TREES_.
struct half_space_trees_options {
    double threshold = 2;                  ///< times the stream's usual peak from which on there is an alert
    std::uint32_t trees = 25;              ///< more are steadier, and cost as much more
    std::uint32_t depth = 8;               ///< halvings of space in each tree
    std::uint32_t window = 250;            ///< samples that the next as many are compared to
    std::uint64_t seed = 1;                ///< of the halvings
    std::string gaps = "ignore";           ///< what missing values mean: ignore, hold, zero or alert
    double gap_intervals = 3;              ///< usual intervals without a value that make a gap
    std::chrono::milliseconds interval{0}; ///< usual time between samples; 0 learns it

    static constexpr std::string_view environment_prefix = "ORFEAS_HALF_SPACE_TREES_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("threshold", self.threshold, in_range(0.01, 1'000.0), "times the usual peak that make an alert");
        field("trees", self.trees, in_range(1, 1'000), "trees: more are steadier, and cost as much more");
        field("depth", self.depth, in_range(2, 14), "halvings of space in each tree");
        field("window", self.window, in_range(20, 60'000), "samples that the next as many are compared to");
        field("seed", self.seed, any_value{}, "of the halvings");
        field("gaps", self.gaps, one_of("ignore", "hold", "zero", "alert"), "what missing values mean");
        field("gap_intervals", self.gap_intervals, in_range(1.0, 1e6),
              "usual intervals without a value that make a gap");
        field("interval", self.interval, in_range(milliseconds{0}, milliseconds{86'400'000}),
              "usual time between samples; 0 learns it");
    }
};
static_assert(options<half_space_trees_options>);

} // namespace orfeas::inline v0::detect
