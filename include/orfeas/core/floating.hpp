// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

// The few functions of <cmath> that the cheap headers need: that header brings all special functions with it.

namespace orfeas::inline v0 {

/// Whether a number is neither infinite nor not-a-number; also where -ffast-math assumes that it always is.
constexpr bool is_finite(double x) noexcept {
    constexpr std::uint64_t exponent = 0x7FFU;
    return (std::bit_cast<std::uint64_t>(x) >> 52U & exponent) != exponent;
}

/// `x` times two to the `exponent`, which is -1074 to 1024, as std::ldexp has it: rounded once, infinite where it is too
/// large. `x` is 1 to 2.
constexpr double times_power_of_two(double x, int exponent) noexcept {
    if (exponent > 1023) {
        x *= 2;
        --exponent;
    } else if (exponent < -1022) { // subnormal: the last multiplication alone rounds
        x *= 0x1p-512;
        exponent += 512;
    }
    return x * std::bit_cast<double>(static_cast<std::uint64_t>(1023 + exponent) << 52U);
}

} // namespace orfeas::inline v0
