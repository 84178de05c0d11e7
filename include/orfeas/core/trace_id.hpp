// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0 {

namespace detail {

inline void append_hex(std::string& out, std::uint64_t word) {
    static constexpr char digits[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) {
        out.push_back(digits[(word >> static_cast<unsigned>(shift)) & 15U]);
    }
}

/// Reads exactly 16 lower-case hexadecimal digits, as W3C Trace Context spells ids.
inline std::optional<std::uint64_t> parse_hex(std::string_view text) noexcept {
    if (text.size() != 16) {
        return std::nullopt;
    }
    std::uint64_t word = 0;
    for (char const c : text) {
        std::uint64_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint64_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<std::uint64_t>(c - 'a') + 10U;
        } else {
            return std::nullopt;
        }
        word = word << 4U | digit;
    }
    return word;
}

} // namespace detail

/// Names one trace: 16 bytes, all zero meaning "none" (W3C Trace Context, section 3.2.2.3).
struct trace_id {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    explicit operator bool() const noexcept { return (high | low) != 0; }
    friend auto operator<=>(trace_id const&, trace_id const&) = default;
    friend bool operator==(trace_id const&, trace_id const&) = default; // nvcc 12 does not take it from <=>
};

/// Names one span within a trace: 8 bytes, zero meaning "none".
struct span_id {
    std::uint64_t value = 0;

    explicit operator bool() const noexcept { return value != 0; }
    friend auto operator<=>(span_id const&, span_id const&) = default;
    friend bool operator==(span_id const&, span_id const&) = default;
};

/// The id as 32 lower-case hexadecimal digits.
inline std::string to_string(trace_id id) {
    std::string text;
    text.reserve(32);
    detail::append_hex(text, id.high);
    detail::append_hex(text, id.low);
    return text;
}

/// The id as 16 lower-case hexadecimal digits.
inline std::string to_string(span_id id) {
    std::string text;
    text.reserve(16);
    detail::append_hex(text, id.value);
    return text;
}

/// Reads 32 lower-case hexadecimal digits that are not all zero; empty for anything else.
inline std::optional<trace_id> parse_trace_id(std::string_view text) noexcept {
    if (text.size() != 32) {
        return std::nullopt;
    }
    auto const high = detail::parse_hex(text.substr(0, 16));
    auto const low = detail::parse_hex(text.substr(16));
    if (!high || !low || (*high | *low) == 0) {
        return std::nullopt;
    }
    return trace_id{*high, *low};
}

/// Reads 16 lower-case hexadecimal digits that are not all zero; empty for anything else.
inline std::optional<span_id> parse_span_id(std::string_view text) noexcept {
    auto const value = detail::parse_hex(text);
    if (!value || *value == 0) {
        return std::nullopt;
    }
    return span_id{*value};
}

} // namespace orfeas::inline v0
