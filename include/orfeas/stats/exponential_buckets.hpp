// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/core/floating.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace orfeas::inline v0::stats {

namespace detail {

/// 2^(j/32) for j = 0..32, correctly rounded: the bounds of one octave at the finest schema.
inline constexpr std::array<double, 33> octave_bounds = {
    1.0,
    1.0218971486541166,
    1.0442737824274138,
    1.0671404006768237,
    1.0905077326652577,
    1.1143867425958924,
    1.1387886347566916,
    1.1637248587775775,
    1.189207115002721,
    1.215247359980469,
    1.241857812073484,
    1.2690509571917332,
    1.2968395546510096,
    1.3252366431597413,
    1.3542555469368927,
    1.383909881963832,
    1.4142135623730951,
    1.4451808069770467,
    1.4768261459394993,
    1.5091644275934228,
    1.5422108254079407,
    1.5759808451078865,
    1.6104903319492543,
    1.645755478153965,
    1.681792830507429,
    1.718619298122478,
    1.7562521603732995,
    1.7947090750031072,
    1.8340080864093424,
    1.8741676341103,
    1.9152065613971474,
    1.9571441241754002,
    2.0,
};

/// For each 64th of an octave, how many bounds lie below its start. Neighbouring bounds are more than 1/64 apart, so one
/// comparison decides the rest.
inline constexpr std::array<std::uint8_t, 64> bounds_below = {
    0,  1,  2,  3,  3,  4,  5,  5,  6,  7,  7,  8,  8,  9,  10, 10, 11, 11, 12, 13, 13, 14,
    14, 15, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 22, 23, 23, 24, 24,
    25, 25, 26, 26, 26, 27, 27, 28, 28, 28, 29, 29, 30, 30, 30, 31, 31, 31, 32, 32,
};

inline constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << 52U) - 1;

/// The bounds as mantissas, to compare integers: the bits of a bound less those of 1.
inline constexpr std::array<std::uint64_t, 33> octave_mantissas = [] {
    std::array<std::uint64_t, 33> made{};
    for (std::size_t i = 0; i < made.size(); ++i) {
        made[i] = std::bit_cast<std::uint64_t>(octave_bounds[i]) - std::bit_cast<std::uint64_t>(1.0);
    }
    return made;
}();

/// The index at schema 5, counted from that of 1, of a value whose bits are so far above those of 1.
constexpr std::int64_t finest_index_above_one(std::int64_t bits) noexcept {
    std::uint64_t const mantissa = static_cast<std::uint64_t>(bits) & mantissa_mask;
    std::size_t const below = bounds_below[mantissa >> 46U];
    return (bits >> 52) * 32 + static_cast<std::int64_t>(below) + (octave_mantissas[below] < mantissa ? 1 : 0);
}

/// The index of a finite positive value at schema 5.
constexpr std::int32_t finest_index(double value) noexcept {
    std::int64_t octaves = 0;
    if (value < std::numeric_limits<double>::min()) { // subnormal: the exponent field does not tell its magnitude
        value *= 0x1p64;
        octaves = -64;
    }
    auto const bits = std::bit_cast<std::int64_t>(value) - std::bit_cast<std::int64_t>(1.0);
    return static_cast<std::int32_t>(finest_index_above_one(bits) + octaves * 32);
}

} // namespace detail

/// The buckets of a base-2 exponential histogram: bucket `i` holds the values in (base^(i-1), base^i] with
/// base = 2^(2^-schema), the rule of Prometheus native histograms. Exact: a value that equals a bound is in the bucket
/// below it. Schemas nest: one bucket of a schema is two of the next.
/// Source: the Prometheus native-histogram specification; OpenTelemetry's exponential histogram is the same.
/// Thread-safe: an immutable value.
class exponential_buckets {
  public:
    static constexpr int finest_schema = 5;

    /// 2^schema buckets an octave. Throws option_error unless schema is 0 to 5.
    constexpr explicit exponential_buckets(int schema) : coarser_{finest_schema - schema} {
        if (schema < 0 || schema > finest_schema) {
            throw option_error{"schema", std::to_string(schema), "between 0 and 5"};
        }
    }

    constexpr int schema() const noexcept { return finest_schema - coarser_; }
    constexpr std::size_t buckets_per_octave() const noexcept { return std::size_t{1} << schema(); }

    /// The bucket of `value`, which is positive and finite. O(1), about 2 ns.
    constexpr std::int32_t index(double value) const noexcept {
        ORFEAS_ASSERT(value > 0 && value <= std::numeric_limits<double>::max(),
                      "only positive finite values have an exponential bucket");
        return index_unchecked(value);
    }

    /// The same without the assertion, for who has looked at the value already.
    constexpr std::int32_t index_unchecked(double value) const noexcept {
        return static_cast<std::int32_t>(coarsened(detail::finest_index(value)));
    }

    /// The bucket, counted from that of a power of two, of a value whose bits are `bits` above those of that power. All of
    /// both are normal numbers.
    constexpr std::int64_t index_above(std::int64_t bits) const noexcept {
        return coarsened(detail::finest_index_above_one(bits));
    }

    /// The largest value in bucket `index`; the largest double for the last bucket.
    double upper_bound(std::int32_t index) const noexcept {
        std::int32_t const finest = index * (1 << coarser_);
        constexpr double largest = std::numeric_limits<double>::max();
        double const bound =
            times_power_of_two(detail::octave_bounds[static_cast<std::size_t>(finest & 31)], finest >> 5);
        return bound < largest ? bound : largest;
    }

    /// The largest relative distance of a bucket's value from what stands for the bucket (see `histogram::quantile`).
    double relative_error() const noexcept {
        double const base = upper_bound(1);
        return (base - 1) / (base + 1);
    }

    friend constexpr bool operator==(exponential_buckets, exponential_buckets) noexcept = default;

  private:
    constexpr std::int64_t coarsened(std::int64_t finest) const noexcept {
        return ((finest - 1) >> coarser_) + 1; // a shift rounds down, an upper bound rounds up
    }

    int coarser_; // how many schemas below the finest
};

} // namespace orfeas::inline v0::stats
