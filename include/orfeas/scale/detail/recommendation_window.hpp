// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::scale::detail {

/// The extreme of the recommendations of a window, of numbers up to `most`: those that a newer one outdoes are dropped, so what is
/// kept falls (or rises) strictly and never is more than there are numbers. Constant time on average, no allocation.
/// Thread-compatible (distinct objects).
class recommendation_window {
  public:
    /// `sign` is 1 for the largest recommendation, -1 for the smallest.
    recommendation_window(int sign, std::uint32_t most) : sign_{sign}, times_(most + 1U), values_(most + 1U) {}

    /// Takes in a recommendation made now; times do not go back.
    void add(std::chrono::nanoseconds now, std::uint32_t value) noexcept {
        while (size_ > 0 && !outdoes(values_[at(size_ - 1)], value)) {
            --size_;
        }
        times_[at(size_)] = now.count();
        values_[at(size_)] = value;
        ++size_;
    }

    /// Forgets what is not younger than the window.
    void expire(std::chrono::nanoseconds now, std::chrono::nanoseconds window) noexcept {
        while (size_ > 0 && times_[first_] <= (now - window).count()) {
            first_ = at(1);
            --size_;
        }
    }

    /// The extreme of what is kept and of `value`.
    std::uint32_t extreme(std::uint32_t value) const noexcept {
        return size_ > 0 && outdoes(values_[first_], value) ? values_[first_] : value;
    }

    static void state(auto& self, auto&& io) { io(self.first_, self.size_, self.times_, self.values_); }
    bool valid() const noexcept { return first_ < values_.size() && size_ <= values_.size(); }

  private:
    std::size_t at(std::uint64_t index) const noexcept { return (first_ + index) % values_.size(); }
    bool outdoes(std::uint32_t a, std::uint32_t b) const noexcept { return sign_ > 0 ? a > b : a < b; }

    int sign_;
    std::uint64_t first_ = 0;
    std::uint64_t size_ = 0;
    std::vector<std::int64_t> times_;
    std::vector<std::uint32_t> values_;
};

} // namespace orfeas::inline v0::scale::detail
