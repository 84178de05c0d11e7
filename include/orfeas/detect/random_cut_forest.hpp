// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/forest_judge.hpp>
#include <orfeas/detect/detail/judge_shell.hpp>
#include <orfeas/detect/random_cut_forest_options.hpp>

#include <cstddef>

namespace orfeas::inline v0::detect {

/// Finds values, or shapes of `shingle` values in a row, that random cuts easily tell apart from what was there before: a robust
/// random cut forest (Guha, Mishra, Roy, Schrijvers 2016).
///
/// Each of some trees keeps a random sample of the stream in which old points are rarer, and adds and removes points exactly:
/// it is at any time distributed as if it had been made of its points anew. The verdict's `raw_score` is the mean of how early the
/// point would be cut off: some 0.5 to 1 usually, at most the logarithm of the points that a tree keeps to base 2. What is above 1
/// goes to an alert_gate. `expected` is the median of what the first tree keeps, the band the middle 95 % of it.
///
/// * Equal points are one leaf with a count. A stream that rarely leaves its value has scores that begin at 0 and grow with the
///   number of different values seen: one different value after thousands of equal ones is no alert.
/// * Values multiplied by a positive factor or shifted give the same verdicts but for rounding.
/// * What lasts becomes normal as the trees take it in: within about `lookback / 10` samples.
/// * The same options, seed included, and the same samples give the same verdicts.
///
/// `trees` times the logarithm of `samples` and `shingle`; no allocation after construction. Some 80 bytes a kept value.
/// Thread-compatible (distinct objects).
class random_cut_forest
    : public detail::metric_shell<random_cut_forest, detail::forest_judge, random_cut_forest_options> {
  public:
    static constexpr state_kind kind{"random_cut_forest", 1};

    /// Throws option_error.
    explicit random_cut_forest(random_cut_forest_options const& options = {}) : metric_shell{options} {}
};
static_assert(detector<random_cut_forest>);

/// The same for samples of several metrics: finds points that are easily told apart in any of them, and blames those in which the
/// cuts fell.
///
/// Each metric is measured by its own spread, which is followed slowly. A metric that has no value counts as having its last one (0
/// before the first, and under the policy `zero`); a sample without any value is passed over.
///
/// The dimension is metrics times `shingle`, and cost and memory grow with it. Thread-compatible (distinct objects).
class vector_random_cut_forest
    : public detail::vector_shell<vector_random_cut_forest, detail::forest_judge, random_cut_forest_options> {
  public:
    static constexpr state_kind kind{"vector_random_cut_forest", 1};

    /// Throws option_error, and std::invalid_argument unless there are 1 to `most_metrics` metrics.
    explicit vector_random_cut_forest(std::size_t metrics, random_cut_forest_options const& options = {})
        : vector_shell{metrics, options} {}
};
static_assert(vector_detector<vector_random_cut_forest>);

} // namespace orfeas::inline v0::detect
