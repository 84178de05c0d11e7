// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <cstddef>
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

namespace detail {

struct unit_suffix {
    std::string_view text;
    orfeas::unit unit;
};

/// What names of metrics end in, behind an underscore.
inline constexpr unit_suffix unit_suffixes[] = {
    {"bytes", unit::bytes},     {"seconds", unit::seconds}, {"milliseconds", unit::milliseconds},
    {"ms", unit::milliseconds}, {"ratio", unit::ratio},     {"per_second", unit::per_second},
    {"celsius", unit::celsius}, {"watts", unit::watts},
};

constexpr unit_suffix unit_suffix_of(std::string_view name) noexcept {
    for (unit_suffix const& each : unit_suffixes) {
        std::size_t const length = each.text.size();
        if (name.size() > length && name.ends_with(each.text) && name[name.size() - length - 1] == '_') {
            return each;
        }
    }
    return {"", unit::none};
}

} // namespace detail

/// The name of a counter without the `_total` that it ends in: what OpenMetrics calls the metric.
constexpr std::string_view without_total(std::string_view name) noexcept {
    constexpr std::string_view total = "_total";
    if (name.ends_with(total)) {
        name.remove_suffix(total.size());
    }
    return name;
}

/// The unit that a metric's name ends in, before `_total` if there is one: "memory_free_bytes" is in bytes.
constexpr unit unit_of_name(std::string_view name) noexcept {
    return detail::unit_suffix_of(without_total(name)).unit;
}

/// The same as it stands in the name; empty if there is none.
constexpr std::string_view unit_text_of_name(std::string_view name) noexcept {
    return detail::unit_suffix_of(without_total(name)).text;
}

} // namespace orfeas::inline v0::metrics
