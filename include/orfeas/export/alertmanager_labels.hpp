// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/label_set.hpp>
#include <orfeas/core/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::exporting {

/// How many labels or annotations were not as Alertmanager takes them.
struct label_repairs {
    std::uint64_t changed = 0; ///< are sent under a valid name, or with a valid value
    std::uint64_t dropped = 0; ///< are not sent: their valid name is that of another one
};

namespace detail {

/// Of `[a-zA-Z_][a-zA-Z0-9_]*`: each other byte becomes `_`.
inline std::string valid_label_name(std::string_view name) {
    std::string made;
    for (char const c : name) {
        bool const is_digit = c >= '0' && c <= '9';
        bool const is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        made.append(is_digit && made.empty() ? 1 : 0, '_').push_back(is_digit || is_letter ? c : '_');
    }
    return made.empty() ? "_" : made;
}

/// Of UTF-8: each byte that is none becomes U+FFFD.
inline std::string valid_utf8(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        auto const length = utf8_length(text);
        made.append(length > 0 ? text.substr(0, length) : replacement_character);
        text.remove_prefix(length > 0 ? length : 1);
    }
    return made;
}

} // namespace detail

/// Labels or annotations as every Alertmanager takes them: names of letters, digits and `_`, values in UTF-8. Of those that
/// then have the same name, one that had it before stays, else the first.
inline alert::label_set valid_labels(alert::label_set const& from, label_repairs& repairs) {
    alert::label_set made;
    alert::label_set renamed;
    for (auto const& [name, value] : from) {
        auto valid_name = detail::valid_label_name(name);
        auto valid_value = detail::valid_utf8(value);
        bool const is_renamed = valid_name != name;
        repairs.changed += is_renamed || valid_value != value ? 1U : 0U;
        if (is_renamed) {
            renamed.emplace_back(std::move(valid_name), std::move(valid_value));
        } else {
            alert::set_label(made, valid_name, valid_value);
        }
    }
    for (auto const& [name, value] : renamed) {
        if (alert::value_of(made, name).empty()) {
            alert::set_label(made, name, value);
        } else {
            --repairs.changed;
            ++repairs.dropped;
        }
    }
    return made;
}

} // namespace orfeas::inline v0::exporting
