// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace orfeas::inline v0::metrics {

/// Where in the Prometheus text format a text stands: within quotes, or at the end of a line.
enum class text_place : unsigned char { label_value, help };

/// Appends text as the Prometheus text format has it: backslashes and line feeds are escaped, in label values quotes too;
/// bytes that are not UTF-8, which would make Prometheus refuse the whole scrape, become U+FFFD.
inline void append_escaped(std::string& out, std::string_view text, text_place place) {
    while (!text.empty()) {
        std::size_t const length = utf8_length(text);
        char const c = text.front();
        if (length == 0) {
            out.append(replacement_character);
        } else if (c == '\\' || (c == '"' && place == text_place::label_value)) {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\n') {
            out.append("\\n");
        } else {
            out.append(text.substr(0, length));
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
}

/// Appends `a="1",b="2"` for pairs of name and value, the values escaped.
template<class Labels>
void append_labels(std::string& out, Labels const& labels) {
    bool is_first = true;
    for (auto const& [name, value] : labels) {
        if (!is_first) {
            out.push_back(',');
        }
        is_first = false;
        out.append(name).append("=\"");
        append_escaped(out, value, text_place::label_value);
        out.push_back('"');
    }
}

} // namespace orfeas::inline v0::metrics
