// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/http/detail/text.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::http {

namespace detail {

/// A decimal number of exactly `text.size()` digits, at most nine; -1 for anything else.
constexpr int digits_value(std::string_view text) noexcept {
    int value = 0;
    for (char const c : text) {
        if (!is_digit(c)) {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    return text.empty() || text.size() > 9 ? -1 : value;
}

constexpr unsigned month_number(std::string_view name) noexcept {
    constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    auto const at = name.size() == 3 ? names.find(name) : std::string_view::npos;
    return at == std::string_view::npos || at % 3 != 0 ? 0 : static_cast<unsigned>(at / 3 + 1);
}

} // namespace detail

/// Reads an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). The two obsolete forms that a server
/// must not send are not read, and the name of the day is not compared with the date. Empty for anything else.
inline std::optional<wall_time> parse_http_date(std::string_view text) noexcept {
    using namespace std::chrono;
    bool const formed = text.size() == 29 && text.substr(3, 2) == ", " && text[7] == ' ' && text[11] == ' ' &&
                        text[16] == ' ' && text[19] == ':' && text[22] == ':' && text.substr(25) == " GMT";
    if (!formed) {
        return std::nullopt;
    }
    int const day_of_month = detail::digits_value(text.substr(5, 2));
    int const year_number = detail::digits_value(text.substr(12, 4));
    int const hour = detail::digits_value(text.substr(17, 2));
    int const minute = detail::digits_value(text.substr(20, 2));
    int const second = detail::digits_value(text.substr(23, 2));
    year_month_day const date{year{year_number}, month{detail::month_number(text.substr(8, 3))},
                              day{static_cast<unsigned>(std::max(day_of_month, 0))}};
    if (!date.ok() || year_number < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 60) {
        return std::nullopt;
    }
    return sys_days{date} + hours{hour} + minutes{minute} + seconds{second};
}

/// The wait that a Retry-After field asks for (RFC 9110 section 10.2.3): seconds, or a date, of which what is past means
/// zero. Empty for anything else. The answer is at most a day: a server that is wrong must not silence a client for good.
inline std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view text, wall_time now) noexcept {
    constexpr std::chrono::nanoseconds longest = std::chrono::hours{24};
    text = detail::trimmed(text);
    std::uint64_t count = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (end == text.data() + text.size() && end != text.data()) {
        bool const is_long = failed != std::errc{} || count > 86'400;
        return is_long ? longest : std::chrono::seconds{static_cast<std::int64_t>(count)};
    }
    auto const date = parse_http_date(text);
    if (!date) {
        return std::nullopt;
    }
    if (*date <= now) {
        return std::chrono::nanoseconds{0};
    }
    return *date - now > longest ? longest : std::chrono::nanoseconds{*date - now};
}

} // namespace orfeas::inline v0::http
