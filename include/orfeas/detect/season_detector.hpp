// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/period_watch.hpp>
#include <orfeas/detect/detail/single_judge.hpp>
#include <orfeas/detect/season_options.hpp>
#include <orfeas/detect/verdict.hpp>

#include <chrono>

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
/// * A `period` of 0 is found: by the highest peak of the autocorrelation of means that get coarser until one shows, confirmed by the
///   period that follows, and looked for again from then on. That takes four to nine periods; until then a day is taken, by the
///   clock. Periods of 72 samples to a week are found, shorter ones where they are the clock's. A given period needs none of that
///   and no more than `warm_up`: give it where it is known.
/// * Values multiplied by any positive factor, or shifted, give the same verdicts but for rounding. Values beyond 1e300 count as
///   that. Periods begin at multiples of theirs since the epoch of the samples' times.
///
/// Constant time; no allocation after construction; 3.7 KB, and 3 KB more where the period is found. Thread-compatible (distinct objects).
class season_detector : public detail::single_judge<detail::period_watch, anomaly_family::season> {
  public:
    /// Throws option_error.
    explicit season_detector(season_options const& options = {}) : single_judge{options} {}

    /// Whether a profile was found that tells more than the level does.
    bool has_profile() const noexcept { return judge().course().has_profile(); }

    /// That of the options, or the one found; 0 while none is.
    std::chrono::nanoseconds period() const noexcept { return judge().period(); }
};
static_assert(detector<season_detector>);

} // namespace orfeas::inline v0::detect
