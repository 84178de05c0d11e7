// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::scale::detail {

/// The changes of the number of replicas within the longest period of a policy. Of more than there is room for, the two oldest
/// are taken together at the later one's time: they count for longer, never for shorter. Thread-compatible (distinct objects).
class change_log {
  public:
    static constexpr std::size_t capacity = 128;

    void add(std::chrono::nanoseconds time, std::int64_t change) noexcept {
        if (size_ == capacity) {
            changes_[at(1)] += changes_[first_];
            first_ = at(1);
            --size_;
        }
        times_[at(size_)] = time.count();
        changes_[at(size_)] = change;
        ++size_;
    }

    void expire(std::chrono::nanoseconds now, std::chrono::nanoseconds period) noexcept {
        while (size_ > 0 && times_[first_] <= (now - period).count()) {
            first_ = at(1);
            --size_;
        }
    }

    /// By how much the number grew within the period.
    std::int64_t change_within(std::chrono::nanoseconds now, std::chrono::nanoseconds period) const noexcept {
        std::int64_t sum = 0;
        for (std::uint64_t i = size_; i > 0 && times_[at(i - 1)] > (now - period).count(); --i) {
            sum += changes_[at(i - 1)];
        }
        return sum;
    }

    static void state(auto& self, auto&& io) { io(self.first_, self.size_, self.times_, self.changes_); }
    bool valid() const noexcept { return first_ < capacity && size_ <= capacity; }

  private:
    std::size_t at(std::uint64_t index) const noexcept { return (first_ + index) % capacity; }

    std::uint64_t first_ = 0;
    std::uint64_t size_ = 0;
    std::array<std::int64_t, capacity> times_{};
    std::array<std::int64_t, capacity> changes_{};
};

} // namespace orfeas::inline v0::scale::detail
