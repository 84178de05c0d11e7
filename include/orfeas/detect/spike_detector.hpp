// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/single_judge.hpp>
#include <orfeas/detect/detail/spike_judge.hpp>
#include <orfeas/detect/spike_options.hpp>
#include <orfeas/detect/verdict.hpp>

namespace orfeas::inline v0::detect {

/// Finds sudden spikes: values far from what those right before them let expect.
///
/// What is expected is a level that follows the values and the correlation of neighbours; the distance from it is measured in
/// deviations of the stream's own. An alert is a distance of `threshold` at least that the stream's own tail exceeds less than
/// `false_alerts_per_day` times a day: light tails alert early, heavy ones late. The verdict comes with the first sample of a
/// spike.
///
/// * `false_alerts_per_day` is met within a factor of two from 0.02 on where the tail decides: where what it says is above
///   `threshold` and above what makes a spike, a move by 5.4 deviations of the values themselves. Where it is not, as in Gaussian
///   noise, there are fewer. Rarer ones are told from ever fewer values: 0.005 came as 0.01 to 0.02.
/// * A value far off is learned clipped and moves little; while an alert lasts, deviation and tail are not learned. After `longest`
///   samples what lasts is the new level.
/// * In a line that is nearly always flat the usual step counts as much as four deviations: one different value after thousands of
///   equal ones scores below the boundary.
/// * Values multiplied by any positive factor, or shifted, give the same verdicts but for rounding. Values beyond 1e300 count as
///   that.
/// * It learns by the number of samples, not by the time between them.
///
/// Constant time; no allocation after construction; less than 1 KB. Thread-compatible (distinct objects).
class spike_detector : public detail::single_judge<detail::spike_judge, anomaly_family::spike> {
  public:
    /// Throws option_error.
    explicit spike_detector(spike_options const& options = {}) : single_judge{options} {}
};
static_assert(detector<spike_detector>);
static_assert(sizeof(spike_detector) <= 2'048);

} // namespace orfeas::inline v0::detect
