// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

namespace orfeas::inline v0::observe::detail {

/// A number with three digits, as people read them.
inline std::string short_text(double value) {
    std::array<char, 32> text;
    auto const format =
        std::abs(value) >= 1'000 && std::abs(value) < 1e6 ? std::chars_format::fixed : std::chars_format::general;
    auto const digits = format == std::chars_format::fixed ? 0 : 3;
    auto const [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, format, digits);
    return {text.data(), end};
}

/// A value with its unit, for people: "1.5 GiB", "83 %", "812 ms".
inline std::string value_text(double value, unit in) {
    if (!is_finite(value)) {
        return "unknown";
    }
    switch (in) {
    case unit::bytes:
        return value >= 0 && value < 1e18 ? format_bytes(static_cast<std::uint64_t>(value)) : short_text(value) + " B";
    case unit::ratio:
        return short_text(value * 100) + " %";
    case unit::seconds:
        return std::abs(value) < 1 ? short_text(value * 1e3) + " ms" : short_text(value) + " s";
    case unit::milliseconds:
        return short_text(value) + " ms";
    case unit::per_second:
        return short_text(value) + "/s";
    case unit::celsius:
        return short_text(value) + " °C";
    case unit::watts:
        return short_text(value) + " W";
    case unit::none:
        break;
    }
    return short_text(value);
}

} // namespace orfeas::inline v0::observe::detail
