// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// The highest level so far, and how much higher it may come to be: as much as it rose since the number of observations
/// was last a power of two. While a program still starts up, that is a lot; once its work repeats itself, next to nothing.
class peak_trend {
  public:
    /// Notes the level after one more allocation. Constant time.
    void observe(std::uint64_t level) noexcept {
        ++count_;
        peak_ = peak_ < level ? level : peak_;
        at_[static_cast<unsigned>(std::bit_width(count_)) - 1] = peak_;
    }

    std::uint64_t peak() const noexcept { return peak_; }

    /// The level that the next as many allocations may come to.
    std::uint64_t expected() const noexcept {
        auto const now = static_cast<unsigned>(std::bit_width(count_));
        return now < 2 ? 2 * peak_ : 2 * peak_ - at_[now - 2];
    }

  private:
    std::uint64_t count_ = 0;
    std::uint64_t peak_ = 0;
    std::array<std::uint64_t, 64> at_{}; // the peak when the count last had this many bits
};

} // namespace orfeas::inline v0::memory::detail
