// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace orfeas::inline v0::cache::detail {

/// A deadline in 47 bits: in units of 65.5 µs, for 292 years; an entry lives for its time less at most one unit.
struct short_time {
    static constexpr unsigned unit_shift = 16;
    static constexpr std::uint64_t never = (std::uint64_t{1} << 47U) - 1;

    static std::uint64_t of(monotonic_time time) noexcept {
        auto const ns = time.time_since_epoch().count();
        return ns < 0 ? 0 : static_cast<std::uint64_t>(ns) >> unit_shift;
    }

    static std::uint64_t deadline(monotonic_time time) noexcept {
        return time == monotonic_time::max() ? never : of(time);
    }

    /// The time from `now` to a deadline that is not over; `max()` to the one that never comes.
    static std::chrono::nanoseconds until(std::uint64_t deadline, monotonic_time now) noexcept {
        if (deadline == never) {
            return std::chrono::nanoseconds::max();
        }
        return monotonic_time{std::chrono::nanoseconds{deadline << unit_shift}} - now;
    }
};

/// What an entry carries for readers and for the eviction policy: 8 bytes next to the key.
///
/// Readers raise `frequency` without a lock and only while it is below its maximum, so that a hot entry's cache line goes
/// quiet. Everything else is written under the shard's mutex and checked by the reader through the bucket's version.
struct entry_marks {
    static constexpr std::uint8_t most_frequency = 3;
    static constexpr std::uint16_t absent_bit = 0x8000;

    std::atomic<std::uint32_t> deadline_low{0};
    std::atomic<std::uint16_t> deadline_high{0};
    std::atomic<std::uint8_t> queue{0};     ///< the policy's list that the entry is in; 0: none, the place is free
    std::atomic<std::uint8_t> frequency{0}; ///< hits since the policy last looked, up to the maximum

    void set_deadline(std::uint64_t value) noexcept {
        deadline_low.store(static_cast<std::uint32_t>(value), std::memory_order_release);
        auto const others = static_cast<std::uint64_t>(deadline_high.load(std::memory_order_relaxed) & absent_bit);
        deadline_high.store(static_cast<std::uint16_t>(value >> 32U | others), std::memory_order_release);
    }

    /// When the entry's time is over, and whether it says that its key has no value.
    struct term {
        std::uint64_t deadline;
        bool absent;
    };
    term read() const noexcept {
        auto const high = deadline_high.load(std::memory_order_acquire);
        auto const low = deadline_low.load(std::memory_order_acquire);
        return {low | static_cast<std::uint64_t>(high & ~std::uint32_t{absent_bit}) << 32U, (high & absent_bit) != 0};
    }

    void set_absent(bool absent) noexcept {
        auto const time = static_cast<std::uint16_t>(deadline_high.load(std::memory_order_relaxed) & ~absent_bit);
        deadline_high.store(static_cast<std::uint16_t>(time | (absent ? absent_bit : 0)), std::memory_order_release);
    }

    /// Counts a hit; true while the count still said something new. A concurrent hit may be lost, which does no harm.
    bool count_hit() noexcept {
        auto const seen = frequency.load(std::memory_order_relaxed);
        if (seen >= most_frequency) {
            return false;
        }
        frequency.store(static_cast<std::uint8_t>(seen + 1), std::memory_order_relaxed);
        return true;
    }
};
static_assert(sizeof(entry_marks) == 8);

/// What an eviction policy wants done after a hit, which its reader saw without a lock.
enum class hit_effect : std::uint8_t {
    none,    ///< nothing
    told,    ///< the hit said something new: the state that all shards share may want to hear of the key
    promote, ///< the entry is to move in its list, under the shard's mutex
};

} // namespace orfeas::inline v0::cache::detail
