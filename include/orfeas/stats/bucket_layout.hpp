// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/stats/exponential_buckets.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace orfeas::inline v0::stats {

/// Which values a histogram tells apart, and how finely. The default suits durations in seconds: a microsecond to two
/// hours, quantiles within 1.1 %.
struct bucket_range {
    double lowest = 1e-6; ///< smaller values, zero and negative ones share a cell; rounded down to a power of two
    double highest = 8e3; ///< larger values share a cell; rounded up to a power of two
    int schema = 5;       ///< 2^schema buckets an octave, 0 to 5; each step halves the memory and doubles the error

    friend bool operator==(bucket_range const&, bucket_range const&) = default;
};

/// The cells of a fixed range of exponential buckets: cell 0 for what is at or below the range, then the buckets, then one
/// for what is above it. A whole number of octaves, so that the bounds of every coarser schema are among its own.
/// Thread-safe: an immutable value.
class bucket_layout {
  public:
    /// Throws option_error unless 0 < lowest < highest, both finite, and the schema is 0 to 5.
    explicit bucket_layout(bucket_range range = {})
        : buckets_{range.schema},
          first_octave_{octave_below(range)},
          octaves_{octave_above(range) - first_octave_},
          lowest_{times_power_of_two(1.0, first_octave_)},
          highest_{times_power_of_two(1.0, first_octave_ + octaves_)},
          lowest_bits_{std::bit_cast<std::uint64_t>(lowest_)},
          inner_bits_{bits_of_range()},
          index_of_lowest_{first_octave_ * static_cast<std::int32_t>(buckets_.buckets_per_octave())} {}

    std::size_t size() const noexcept { return octave_count() * buckets_.buckets_per_octave() + 2; }
    exponential_buckets buckets() const noexcept { return buckets_; }
    std::size_t octave_count() const noexcept { return static_cast<std::size_t>(octaves_); }

    double lowest() const noexcept { return lowest_; }
    double highest() const noexcept { return highest_; }

    /// The cell of any value but not-a-number. O(1).
    std::size_t cell_of(double value) const noexcept {
        std::size_t const inner = inner_cell_of(value);
        return inner != no_cell ? inner : outer_cell_of(value);
    }

    /// The cell of a value above `lowest()` that is not above `highest()`; `no_cell` for any other, also not-a-number, and
    /// for some in a range that begins at subnormal numbers. O(1), the quicker half of `cell_of`.
    std::size_t inner_cell_of(double value) const noexcept {
        std::uint64_t const above = std::bit_cast<std::uint64_t>(value) - lowest_bits_;
        if (above - 1 >= inner_bits_) {
            return no_cell;
        }
        return static_cast<std::size_t>(buckets_.index_above(static_cast<std::int64_t>(above)));
    }
    static constexpr std::size_t no_cell = ~std::size_t{0};

    /// The largest value in a cell; infinity for the last one.
    double upper_bound(std::size_t cell) const noexcept {
        return cell + 1 == size() ? std::numeric_limits<double>::infinity()
                                  : buckets_.upper_bound(index_of_lowest() + static_cast<std::int32_t>(cell));
    }

    /// The exponential bucket that a cell is; of the first cell the bucket that ends where the range begins, of the last one
    /// the bucket after the range. Both hold more than those.
    std::int32_t index_of(std::size_t cell) const noexcept {
        return index_of_lowest() + static_cast<std::int32_t>(cell);
    }

    friend bool operator==(bucket_layout const&, bucket_layout const&) = default;

  private:
    [[gnu::noinline]] std::size_t outer_cell_of(double value) const noexcept {
        if (!(value > lowest_)) {
            return 0;
        }
        if (value > highest_) {
            return size() - 1;
        }
        return static_cast<std::size_t>(buckets_.index_unchecked(value) - index_of_lowest());
    }

    /// Positive doubles are ordered as their bits are. Nothing for a range that begins at subnormal numbers, whose bits do
    /// not tell octaves.
    std::uint64_t bits_of_range() const noexcept {
        return lowest_ < std::numeric_limits<double>::min() ? 0 : std::bit_cast<std::uint64_t>(highest_) - lowest_bits_;
    }

    std::int32_t index_of_lowest() const noexcept { return index_of_lowest_; }

    static int octave_below(bucket_range range) {
        if (!(range.lowest > 0 && is_finite(range.lowest))) {
            throw option_error{"lowest", std::to_string(range.lowest), "positive and finite"};
        }
        exponential_buckets constexpr octaves{0}; // at schema 0 the index is the exponent of the upper bound
        int const above = octaves.index(range.lowest);
        return octaves.upper_bound(above) > range.lowest ? above - 1 : above;
    }

    static int octave_above(bucket_range range) {
        if (!(range.highest > range.lowest && is_finite(range.highest))) {
            throw option_error{"highest", std::to_string(range.highest), "finite and above the lowest value"};
        }
        return exponential_buckets{0}.index(range.highest);
    }

    exponential_buckets buckets_;
    int first_octave_;
    int octaves_;
    double lowest_;
    double highest_;
    std::uint64_t lowest_bits_;
    std::uint64_t inner_bits_; ///< how far the bits of the highest value are above those of the lowest
    std::int32_t index_of_lowest_;
};

} // namespace orfeas::inline v0::stats
