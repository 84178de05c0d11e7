// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>

#include <cmath>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Random numbers from a counter (splitmix64): eight bytes of state, which is saved with what they decided.
/// Thread-compatible (distinct objects).
class forest_random {
  public:
    explicit constexpr forest_random(std::uint64_t seed) noexcept : state_{mix64(seed)} {}

    constexpr std::uint64_t bits() noexcept { return mix64(state_ += 0x9E3779B97F4A7C15U); }

    /// In [0, 1).
    constexpr double unit() noexcept { return static_cast<double>(bits() >> 11U) * 0x1p-53; }

    /// In [0, `end`).
    constexpr std::uint32_t below(std::uint32_t end) noexcept {
        return static_cast<std::uint32_t>((bits() >> 32U) * end >> 32U);
    }

    /// The time until an event that happens once per unit of time in the mean: above 0, finite.
    double exponential() noexcept { return -std::log(static_cast<double>((bits() >> 11U) + 1) * 0x1p-53) + 0x1p-60; }

    static constexpr void state(auto& self, auto&& io) { io(self.state_); }

  private:
    std::uint64_t state_;
};

} // namespace orfeas::inline v0::detect::detail
