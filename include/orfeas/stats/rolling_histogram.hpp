// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/stats/bucket_layout.hpp>
#include <orfeas/stats/histogram.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::stats {

/// The distribution of the values of the last while: a ring of histograms, each for one slice of time, the oldest of
/// which is emptied when its turn comes again. Covers between `slices - 1` and `slices` slices.
/// Memory: one histogram a slice. Recording is O(1) but for the first value of a slice. Times do not decrease.
/// Thread-compatible (distinct objects).
class rolling_histogram {
  public:
    /// Covers `slices` times `slice`; both are positive.
    rolling_histogram(bucket_layout layout, std::size_t slices, std::chrono::nanoseconds slice)
        : layout_{layout}, slice_{slice}, ring_(slices, histogram{layout}), numbers_(slices, none) {
        ORFEAS_ASSERT(slices > 0 && slice.count() > 0, "at least one slice of positive length");
    }

    /// Counts a value at `now`. False, and nothing is counted, for infinities and not-a-number.
    bool record(double value, monotonic_time now) {
        auto const number = number_of(now);
        auto const at = static_cast<std::size_t>(number % static_cast<std::int64_t>(ring_.size()));
        if (numbers_[at] != number) {
            ring_[at] = histogram{layout_};
            numbers_[at] = number;
        }
        return ring_[at].record(value);
    }

    /// The values of the time up to `now`. Linear in slices and cells.
    histogram recent(monotonic_time now) const {
        histogram sum{layout_};
        auto const oldest = number_of(now) - static_cast<std::int64_t>(ring_.size());
        for (std::size_t i = 0; i < ring_.size(); ++i) {
            if (numbers_[i] != none && numbers_[i] > oldest) {
                sum.merge(ring_[i]);
            }
        }
        return sum;
    }

  private:
    static constexpr std::int64_t none = -1;

    std::int64_t number_of(monotonic_time now) const { return now.time_since_epoch() / slice_; }

    bucket_layout layout_;
    std::chrono::nanoseconds slice_;
    std::vector<histogram> ring_;
    std::vector<std::int64_t> numbers_;
};

} // namespace orfeas::inline v0::stats
