// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/stats/bucket_layout.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::stats {

/// Counts of values in exponential buckets, and their sum: a mergeable summary with quantiles of a bounded relative error
/// (1.1 % at schema 5). Its memory is fixed when it is made: 8 bytes a cell, 8 KiB for the default range.
/// Thread-compatible (distinct objects).
class histogram {
  public:
    explicit histogram(bucket_layout layout = bucket_layout{}) : layout_{layout}, counts_(layout.size()) {}

    /// Takes over counts, one for each cell of the layout, and the sum of the values.
    histogram(bucket_layout layout, std::vector<std::uint64_t> counts, double sum)
        : layout_{layout}, counts_{std::move(counts)}, sum_{sum} {
        ORFEAS_ASSERT(counts_.size() == layout.size(), "pass one count for each cell of the layout");
        for (std::uint64_t const count : counts_) {
            count_ += count;
        }
    }

    /// Counts a value; O(1), no allocation. False, and nothing is counted, for infinities and not-a-number.
    bool record(double value, std::uint64_t times = 1) noexcept {
        if (!is_finite(value)) {
            return false;
        }
        counts_[layout_.cell_of(value)] += times;
        count_ += times;
        sum_ += value * static_cast<double>(times);
        return true;
    }

    /// Adds the values of `other`, which has the same layout. Linear in the cells.
    void merge(histogram const& other) noexcept {
        ORFEAS_ASSERT(other.layout_ == layout_, "merge only histograms of the same layout");
        for (std::size_t cell = 0; cell < counts_.size(); ++cell) {
            counts_[cell] += other.counts_[cell];
        }
        count_ += other.count_;
        sum_ += other.sum_;
    }

    /// Takes away the values of `earlier`, a former state of this histogram: what remains is what came since.
    void subtract(histogram const& earlier) noexcept {
        ORFEAS_ASSERT(earlier.layout_ == layout_, "subtract only histograms of the same layout");
        for (std::size_t cell = 0; cell < counts_.size(); ++cell) {
            ORFEAS_ASSERT(counts_[cell] >= earlier.counts_[cell], "subtract only an earlier state of this histogram");
            counts_[cell] -= earlier.counts_[cell];
        }
        count_ -= earlier.count_;
        sum_ -= earlier.sum_;
    }

    std::uint64_t count() const noexcept { return count_; }
    double sum() const noexcept { return sum_; }
    double mean() const noexcept { return count_ == 0 ? not_a_number : sum_ / static_cast<double>(count_); }

    /// The value below or at which the share `q` (0 to 1) of the values lies, by nearest rank, within the layout's relative
    /// error: 0 for what is at or below the range, the range's end for what is above it, NaN without values.
    /// Linear in the cells.
    double quantile(double q) const noexcept {
        ORFEAS_ASSERT(q >= 0 && q <= 1, "a quantile is between 0 and 1");
        if (count_ == 0) {
            return not_a_number;
        }
        // a whole number is below the rank, rounded up, where it is below the rank
        double const rank = q * static_cast<double>(count_) > 1 ? q * static_cast<double>(count_) : 1;
        std::uint64_t seen = 0;
        std::size_t cell = 0;
        while (cell + 1 < counts_.size() && static_cast<double>(seen += counts_[cell]) < rank) {
            ++cell;
        }
        return representative(cell);
    }

    bucket_layout const& layout() const noexcept { return layout_; }
    std::vector<std::uint64_t> const& counts() const noexcept { return counts_; } ///< one for each cell

  private:
    static constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

    /// The value with the same relative distance to both bounds of the cell.
    double representative(std::size_t cell) const noexcept {
        if (cell == 0) {
            return 0;
        }
        if (cell + 1 == counts_.size()) {
            return layout_.highest();
        }
        double const lower = layout_.upper_bound(cell - 1);
        double const upper = layout_.upper_bound(cell);
        return 2 * lower / (lower / upper + 1);
    }

    bucket_layout layout_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

} // namespace orfeas::inline v0::stats
