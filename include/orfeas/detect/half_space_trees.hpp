// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/half_space_judge.hpp>
#include <orfeas/detect/detail/judge_shell.hpp>
#include <orfeas/detect/half_space_trees_options.hpp>

#include <cstddef>

namespace orfeas::inline v0::detect {

/// Finds values that are rare by counts alone: half-space trees (Tan, Ting, Liu 2011). Cheap, coarse, and forgetful.
///
/// Each of some trees halves the range of the values again and again, from a random place on, and counts how many of the last
/// `window` samples fell into each part; the next `window` are judged by that, then take its place. The verdict's `raw_score` is the
/// mean of how rare such values were: some 0.5 to 1 usually, up to the logarithm of the
/// window, and above it far out of the range. What is above 1.5 goes
/// to an alert_gate. `expected` is the mean of the window that is compared to, `low` and `high` are its least and largest value.
///
/// * The range is learned from the first window, and anew where values have moved out of it, or fill an eighth or the double of it.
/// * A stream that rarely leaves its value has scores that begin at 0 and grow with the number of different values seen.
/// * Values multiplied by a positive factor or shifted give the same verdicts but for rounding.
/// * What lasts for a window is normal.
/// * The same options, seed included, and the same samples give the same verdicts.
///
/// `trees` times `depth`, and at the end of a window `trees` times two to the `depth`; no allocation after construction. 75 KB by
/// default. Thread-compatible (distinct objects).
class half_space_trees
    : public detail::metric_shell<half_space_trees, detail::half_space_judge, half_space_trees_options> {
  public:
    static constexpr state_kind kind{"half_space_trees", 1};

    /// Throws option_error.
    explicit half_space_trees(half_space_trees_options const& options = {}) : metric_shell{options} {}
};
static_assert(detector<half_space_trees>);

/// The same for samples of several metrics: halves the space of all of them, and blames those whose halving told a rare part apart.
///
/// Each metric is measured by its own range. A metric that has no value counts as having its last one (0 before the first, and under
/// the policy `zero`); a sample without any value is passed over.
///
/// A metric is looked at by the halvings that fall to it, so many metrics need more trees. Memory grows by a window for each.
/// Thread-compatible (distinct objects).
class vector_half_space_trees
    : public detail::vector_shell<vector_half_space_trees, detail::half_space_judge, half_space_trees_options> {
  public:
    static constexpr state_kind kind{"vector_half_space_trees", 1};

    /// Throws option_error, and std::invalid_argument unless there are 1 to `most_metrics` metrics.
    explicit vector_half_space_trees(std::size_t metrics, half_space_trees_options const& options = {})
        : vector_shell{metrics, options} {}
};
static_assert(vector_detector<vector_half_space_trees>);

} // namespace orfeas::inline v0::detect
