// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::cache::detail {

/// How many lookups hit and missed.
struct lookup_counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
};

/// Hits and misses of the last 60 seconds, in slots of one second.
/// Thread-compatible (distinct objects).
class lookup_window {
  public:
    static constexpr std::int64_t seconds = 60;

    void record(monotonic_time now, bool hit) noexcept {
        std::int64_t const second = second_of(now);
        slot& current = slots_[static_cast<std::size_t>(second) % slots_.size()];
        if (current.second != second) {
            current = {second, {}};
        }
        ++(hit ? current.counts.hits : current.counts.misses);
    }

    /// The sums over the running second and the 59 before it.
    lookup_counts sum(monotonic_time now) const noexcept {
        lookup_counts total;
        std::int64_t const second = second_of(now);
        for (slot const& each : slots_) {
            if (each.second > second - seconds && each.second <= second) {
                total.hits += each.counts.hits;
                total.misses += each.counts.misses;
            }
        }
        return total;
    }

  private:
    struct slot {
        std::int64_t second = -seconds; // long over when the clock starts at zero
        lookup_counts counts;
    };

    static std::int64_t second_of(monotonic_time now) noexcept {
        return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    }

    std::array<slot, 64> slots_; // at least `seconds`, and a power of two for a cheap remainder
};

} // namespace orfeas::inline v0::cache::detail
