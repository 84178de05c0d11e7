// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>

#include <atomic>
#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// What pools deal in; extent_heap::unit_bytes.
inline constexpr std::uint64_t pool_unit_bytes = backend_alignment_bytes;

/// Rounded up to whole units; the last whole unit for what has none.
constexpr std::uint64_t whole_units(std::uint64_t bytes) noexcept {
    return bytes > ~pool_unit_bytes ? ~(pool_unit_bytes - 1) : (bytes + (pool_unit_bytes - 1)) & ~(pool_unit_bytes - 1);
}

/// What a pool takes for a request: at least one unit.
constexpr std::uint64_t request_units(std::uint64_t bytes) noexcept {
    return bytes == 0 ? pool_unit_bytes : whole_units(bytes);
}

/// A number of bytes of which parts are taken and given back. Exact under threads; no locks.
/// Thread-safe.
class byte_budget {
  public:
    explicit byte_budget(std::uint64_t limit_bytes) noexcept : limit_{limit_bytes} {}

    /// False, and nothing is taken, when there is less.
    bool try_take(std::uint64_t bytes) noexcept {
        auto taken = taken_.load(std::memory_order_relaxed);
        do {
            if (bytes > limit_ - taken) {
                return false;
            }
        } while (!taken_.compare_exchange_weak(taken, taken + bytes, std::memory_order_relaxed));
        return true;
    }

    /// Takes `bytes`, or all there is if that is less; returns how many.
    std::uint64_t take_up_to(std::uint64_t bytes) noexcept {
        auto taken = taken_.load(std::memory_order_relaxed);
        std::uint64_t part = 0;
        do {
            part = bytes < limit_ - taken ? bytes : limit_ - taken;
        } while (!taken_.compare_exchange_weak(taken, taken + part, std::memory_order_relaxed));
        return part;
    }

    void give_back(std::uint64_t bytes) noexcept { taken_.fetch_sub(bytes, std::memory_order_relaxed); }

    std::uint64_t limit_bytes() const noexcept { return limit_; }
    std::uint64_t taken_bytes() const noexcept { return taken_.load(std::memory_order_relaxed); }

  private:
    std::uint64_t limit_;
    std::atomic<std::uint64_t> taken_{0};
};

} // namespace orfeas::inline v0::memory::detail
