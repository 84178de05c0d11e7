// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <string_view>

namespace orfeas::inline v0::metrics {

namespace detail {

constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

template<class Allowed>
constexpr bool is_name(std::string_view text, Allowed allowed) noexcept {
    if (text.empty() || is_digit(text.front())) {
        return false;
    }
    for (char const c : text) {
        if (!allowed(c)) {
            return false;
        }
    }
    return true;
}

} // namespace detail

/// Whether Prometheus takes this as the name of a metric: [a-zA-Z_:][a-zA-Z0-9_:]*.
constexpr bool is_metric_name(std::string_view name) noexcept {
    return detail::is_name(name, [](char c) { return detail::is_letter(c) || detail::is_digit(c) || c == ':'; });
}

/// Whether Prometheus takes this as the name of a label: [a-zA-Z_][a-zA-Z0-9_]*, not starting with two underscores.
constexpr bool is_label_name(std::string_view name) noexcept {
    return !name.starts_with("__") &&
           detail::is_name(name, [](char c) { return detail::is_letter(c) || detail::is_digit(c); });
}

/// The unit that a metric's name ends in, before `_total` if there is one: "memory_free_bytes" is in bytes.
constexpr unit unit_of_name(std::string_view name) noexcept {
    struct named_unit {
        std::string_view suffix;
        orfeas::unit unit;
    };
    constexpr named_unit suffixes[] = {
        {"_bytes", unit::bytes},     {"_seconds", unit::seconds}, {"_milliseconds", unit::milliseconds},
        {"_ms", unit::milliseconds}, {"_ratio", unit::ratio},     {"_per_second", unit::per_second},
        {"_celsius", unit::celsius}, {"_watts", unit::watts},
    };
    constexpr std::string_view total = "_total";
    if (name.ends_with(total)) {
        name.remove_suffix(total.size());
    }
    for (auto const& [suffix, unit] : suffixes) {
        if (name.ends_with(suffix)) {
            return unit;
        }
    }
    return unit::none;
}

} // namespace orfeas::inline v0::metrics
