// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/http/fields.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::exporting::detail {

constexpr std::string_view without_spaces(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

/// The "name=value" texts of an option taken apart, white space around the parts left out. Throws option_error.
inline std::vector<std::pair<std::string, std::string>> name_values(std::vector<std::string> const& list,
                                                                    std::string_view field) {
    std::vector<std::pair<std::string, std::string>> found;
    for (std::string_view const each : list) {
        auto const equals = each.find('=');
        auto const name = without_spaces(each.substr(0, equals));
        if (equals == std::string_view::npos || name.empty()) {
            throw option_error{field, each, "name=value"};
        }
        found.emplace_back(name, without_spaces(each.substr(equals + 1)));
    }
    return found;
}

/// Throws option_error for what is no "name=value" of a header field.
inline void check_headers(std::vector<std::string> const& headers) {
    http::fields known;
    for (auto const& [name, value] : name_values(headers, "headers")) {
        try {
            known.add(name, value);
        } catch (std::invalid_argument const&) {
            throw option_error{"headers", name, "names and values of header fields"};
        }
    }
}

} // namespace orfeas::inline v0::exporting::detail
