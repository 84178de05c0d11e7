// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/verdict.hpp>

#include <array>
#include <charconv>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace detect_tool {

inline constexpr std::string_view output_header = "timestamp,score,anomalous,family,expected,low,high,blame\n";

/// With that many significant digits at most.
inline void append_number(std::string& to, double value, int digits) {
    std::array<char, 32> text;
    auto const end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits).ptr;
    to.append(text.data(), end);
}

/// As a field, in quotes where it needs them.
inline void append_field(std::string& to, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        to.append(text);
        return;
    }
    to.push_back('"');
    for (char const c : text) {
        to.append(c == '"' ? 2 : 1, c);
    }
    to.push_back('"');
}

/// `column:share;column:share`, the most blamed first.
inline std::string blame_text(orfeas::detect::blame_list const& blame, std::span<std::string const> columns) {
    std::string text;
    for (auto const& each : blame.list()) {
        text.append(text.empty() ? "" : ";").append(columns[each.metric]).push_back(':');
        append_number(text, static_cast<double>(each.share), 3);
    }
    return text;
}

/// Appends one row of the output.
inline void append_row(std::string& to, std::string_view timestamp, orfeas::detect::verdict const& said,
                       std::span<std::string const> columns) {
    append_field(to, timestamp);
    to.push_back(',');
    append_number(to, said.score, 6);
    to.append(said.is_anomalous() ? ",1," : ",0,").append(to_string(said.family));
    for (double const each : {said.expected, said.low, said.high}) {
        to.push_back(',');
        append_number(to, each, 9);
    }
    to.push_back(',');
    append_field(to, blame_text(said.blame, columns));
    to.push_back('\n');
}

} // namespace detect_tool
