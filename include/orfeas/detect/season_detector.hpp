// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/course_watch.hpp>
#include <orfeas/detect/detail/season_score.hpp>
#include <orfeas/detect/detail/single_judge.hpp>
#include <orfeas/detect/season_options.hpp>
#include <orfeas/detect/verdict.hpp>

namespace orfeas::inline v0::detect {

/// Finds breaks of a periodic pattern: values that are usual, but not at this time of the period; a day that begins late, a job
/// that did not run.
///
/// The profile of the period is learned by the clock, in 288 slots (5 minutes of a day, 35 of a week). Means over half an hour are
/// compared with it, and the squares of what they are off, in units of their own habit, are summed up where they are larger than
/// usual. A stream whose values the profile does not tell better than their level has no period: it is never alerted of.
///
/// * Blocks count clipped. While there is an alert nothing is learned; after `longest` blocks a new profile is learned.
/// * `warm_up` blocks, two periods by default, are needed at least.
/// * Values multiplied by any positive factor, or shifted, give the same verdicts but for rounding. Values beyond 1e300 count as
///   that. Days begin at multiples of the period since the epoch of the samples' times.
///
/// Constant time; no allocation after construction; 2.3 KB. Thread-compatible (distinct objects).
class season_detector
    : public detail::single_judge<detail::course_watch<detail::season_score, season_options>, anomaly_family::season> {
  public:
    /// Throws option_error.
    explicit season_detector(season_options const& options = {}) : single_judge{options} {}

    /// Whether a profile was found that tells more than the level does.
    bool has_profile() const noexcept { return judge().course().has_profile(); }
};
static_assert(detector<season_detector>);

} // namespace orfeas::inline v0::detect
