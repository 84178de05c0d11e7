// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// Size classes of a two-level segregated fit (Masmano et al., "TLSF: a new dynamic memory allocator for real-time
/// systems", ECRTS 2004): powers of two, each cut into 32 equal parts. Sizes below 64 have a class each; above, the
/// sizes of one class differ by at most 1/32 of the smallest.
struct size_bins {
    static constexpr unsigned sub_bits = 5;
    static constexpr unsigned sub_count = 1U << sub_bits; ///< classes a level
    static constexpr unsigned levels = 32 - sub_bits + 1; ///< for every 32-bit size
    static constexpr unsigned count = levels * sub_count;

    /// The class that holds `size`.
    static constexpr unsigned of(std::uint32_t size) noexcept {
        // no branch: sizes come in any order. From 32 on, size >> shift is in [32, 64): it carries the level's one
        auto const shift = static_cast<unsigned>(std::bit_width(size | sub_count)) - sub_bits - 1;
        return (shift << sub_bits) + (size >> shift);
    }

    /// Whether every size in the class of `size` equals `size`.
    static constexpr bool exact(std::uint32_t size) noexcept { return size < 2 * sub_count; }
};

/// Which bins hold something: one bit each, and one bit a level above it, so that the next non-empty bin is two scans.
class bin_bitmap {
  public:
    static constexpr unsigned none = size_bins::count;

    void set(unsigned bin) noexcept {
        subs_[bin / size_bins::sub_count] |= 1U << (bin % size_bins::sub_count);
        levels_ |= 1U << (bin / size_bins::sub_count);
    }

    void clear(unsigned bin) noexcept { clear_if(bin, true); }

    /// Clears the bit if `empty`, without a branch.
    void clear_if(unsigned bin, bool empty) noexcept {
        auto const level = bin / size_bins::sub_count;
        auto const sub = subs_[level] & ~(static_cast<std::uint32_t>(empty) << (bin % size_bins::sub_count));
        subs_[level] = sub;
        levels_ = (levels_ & ~(1U << level)) | (static_cast<std::uint32_t>(sub != 0) << level);
    }

    bool test(unsigned bin) const noexcept {
        return (subs_[bin / size_bins::sub_count] >> (bin % size_bins::sub_count) & 1U) != 0;
    }

    /// The first non-empty bin at or after `bin`, or `none`.
    unsigned first_from(unsigned bin) const noexcept {
        if (bin >= size_bins::count) {
            return none;
        }
        auto level = bin / size_bins::sub_count;
        auto const here = subs_[level] & (~0U << (bin % size_bins::sub_count));
        if (here != 0) {
            return level * size_bins::sub_count + static_cast<unsigned>(std::countr_zero(here));
        }
        auto const above = levels_ & (~1U << level);
        if (above == 0) {
            return none;
        }
        level = static_cast<unsigned>(std::countr_zero(above));
        return level * size_bins::sub_count + static_cast<unsigned>(std::countr_zero(subs_[level]));
    }

    /// The last non-empty bin, or `none`.
    unsigned last() const noexcept {
        if (levels_ == 0) {
            return none;
        }
        auto const level = static_cast<unsigned>(std::bit_width(levels_)) - 1;
        return level * size_bins::sub_count + static_cast<unsigned>(std::bit_width(subs_[level])) - 1;
    }

  private:
    std::uint32_t levels_ = 0;
    std::array<std::uint32_t, size_bins::levels> subs_{};
};

} // namespace orfeas::inline v0::memory::detail
