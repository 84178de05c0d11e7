// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/course_watch.hpp>
#include <orfeas/detect/detail/drift_score.hpp>
#include <orfeas/detect/detail/single_judge.hpp>
#include <orfeas/detect/detail/within_reach.hpp>
#include <orfeas/detect/drift_options.hpp>
#include <orfeas/detect/verdict.hpp>

#include <chrono>

namespace orfeas::inline v0::detect {

/// Finds gradual degradation: values that slowly move to one side, by little more than their noise within hours.
///
/// Means of blocks, 1/288 of the period each (5 minutes of a day), are compared with the profile of the period where it has one,
/// else with a slow level. What they are above, or below, is summed up less an allowance (a CUSUM), measured by the noise of the
/// blocks and the correlation of neighbours. The raw score is that sum: a value of h comes by chance about once in exp(h) blocks.
///
/// * Blocks count clipped. While there is an alert nothing is learned; after `longest` blocks the course moves to where the values
///   are.
/// * Before `warm_up` blocks, a period by default, there is no alert: a rise in the morning cannot be told from a drift.
/// * Values multiplied by any positive factor, or shifted, give the same verdicts but for rounding. Values beyond 1e300 count as
///   that. One different value in a flat line scores low, a lasting one is an alert after some blocks.
/// * Levels change by the number of blocks, blocks end by time. A sample from before the present block is taken in where it
///   belongs.
///
/// Constant time; no allocation after construction; 2.3 KB. Thread-compatible (distinct objects).
class drift_detector
    : public detail::single_judge<detail::course_watch<detail::drift_score, drift_options>, anomaly_family::drift> {
  public:
    /// Throws option_error.
    explicit drift_detector(drift_options const& options = {}) : single_judge{options} {}

    /// Where values have moved: 1 for up, -1 for down, 0 while nothing speaks for either.
    int direction() const noexcept { return judge().score().any() ? judge().score().direction() : 0; }

    /// When the values began to move, as far as that can be told; as samples' times are. Meaningless at a direction of 0.
    std::chrono::nanoseconds onset() const noexcept { return std::chrono::nanoseconds{judge().score().onset()}; }

    /// How fast they have moved since then: units of the value a second, as of a straight line through the blocks.
    double slope() const noexcept {
        auto const& course = judge().course();
        auto const& score = judge().score();
        double const seconds = (static_cast<double>(course.now()) - static_cast<double>(score.onset())) / 1e9;
        bool const is_known = score.any() && score.blocks() > 2 && seconds > 0;
        return is_known ? detail::within_reach(score.rise() * (score.blocks() - 1) / seconds * course.unit()) : 0;
    }
};
static_assert(detector<drift_detector>);

} // namespace orfeas::inline v0::detect
