// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

/// The lexical grammar that header fields, targets and queries share (RFC 9110 section 5.6, RFC 3986 section 2).
namespace orfeas::inline v0::http::detail {

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline constexpr auto token_table = [] {
    std::array<bool, 256> table{};
    for (char const c :
         std::string_view{"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}();

constexpr bool is_token_char(char c) noexcept {
    return token_table[static_cast<unsigned char>(c)];
}

constexpr bool is_token(std::string_view text) noexcept {
    for (char const c : text) {
        if (!is_token_char(c)) {
            return false;
        }
    }
    return !text.empty();
}

/// Visible characters, space, tab and bytes above 127.
constexpr bool is_field_value_char(char c) noexcept {
    auto const byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

constexpr bool is_field_value(std::string_view text) noexcept {
    for (char const c : text) {
        if (!is_field_value_char(c)) {
            return false;
        }
    }
    return true;
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

/// Without spaces and tabs at both ends.
constexpr std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// Takes the part before the next `separator` off `text`, which is left empty when there is no further part.
constexpr std::string_view take_part(std::string_view& text, char separator) noexcept {
    auto const end = text.find(separator);
    auto const part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

/// Whether a comma-separated list holds `token`, in any case of letters.
constexpr bool list_holds(std::string_view list, std::string_view token) noexcept {
    while (!list.empty()) {
        if (equals_ignoring_case(trimmed(take_part(list, ',')), token)) {
            return true;
        }
    }
    return false;
}

/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) {
        return c - '0';
    }
    char const letter = lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// Whether each '%' starts an escape, and none stands for NUL, which no path or parameter here may hold.
constexpr bool is_percent_encoded(std::string_view text) noexcept {
    for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
        if (at + 2 >= text.size() || hex_value(text[at + 1]) < 0 || hex_value(text[at + 2]) < 0) {
            return false;
        }
        if (text[at + 1] == '0' && text[at + 2] == '0') {
            return false;
        }
    }
    return true;
}

/// Undoes percent-encoding in text for which `is_percent_encoded` holds; in a query '+' stands for a space.
inline std::string percent_decoded(std::string_view text, bool plus_is_space) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            decoded.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
            i += 2;
        } else {
            decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return decoded;
}

} // namespace orfeas::inline v0::http::detail
