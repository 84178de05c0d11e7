// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0 {

/// Byte sizes in IEC units: `256_MiB` is a std::uint64_t.
inline namespace literals {

constexpr std::uint64_t operator""_B(unsigned long long n) noexcept {
    return n;
}
constexpr std::uint64_t operator""_KiB(unsigned long long n) noexcept {
    return n << 10;
}
constexpr std::uint64_t operator""_MiB(unsigned long long n) noexcept {
    return n << 20;
}
constexpr std::uint64_t operator""_GiB(unsigned long long n) noexcept {
    return n << 30;
}
constexpr std::uint64_t operator""_TiB(unsigned long long n) noexcept {
    return n << 40;
}

} // namespace literals

namespace detail {

inline constexpr std::string_view byte_units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

} // namespace detail

/// Writes a byte size for people, with the largest IEC unit that leaves at least 1: "512 B", "1.5 MiB".
inline std::string format_bytes(std::uint64_t bytes) {
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024.0 && unit + 1 < std::size(detail::byte_units)) {
        value /= 1024.0;
        ++unit;
    }
    char text[32];
    bool const whole = unit == 0 || value == static_cast<double>(static_cast<std::uint64_t>(value));
    int const length = std::snprintf(text, sizeof text, whole ? "%.0f " : "%.1f ", value);
    return std::string(text, static_cast<std::size_t>(length)).append(detail::byte_units[unit]);
}

/// Reads a byte size: digits, then optionally one of B, KiB, MiB, GiB, TiB, PiB ("268435456", "256MiB", "256 MiB").
/// Empty for anything else, and for sizes above 2^64 - 1.
inline std::optional<std::uint64_t> parse_bytes(std::string_view text) noexcept {
    std::uint64_t number = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (text.empty()) {
        return number;
    }
    if (text.front() == ' ') {
        text.remove_prefix(1);
    }
    for (std::size_t unit = 0; unit < std::size(detail::byte_units); ++unit) {
        if (text != detail::byte_units[unit]) {
            continue;
        }
        std::size_t const shift = 10 * unit;
        if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) {
            return std::nullopt;
        }
        return number << shift;
    }
    return std::nullopt;
}

} // namespace orfeas::inline v0
