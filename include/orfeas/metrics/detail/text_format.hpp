// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

// The Prometheus text exposition format, version 0.0.4.
// Source: prometheus.io/docs/instrumenting/exposition_formats.

namespace orfeas::inline v0::metrics::detail {

/// The length of the well-formed UTF-8 sequence that `text` starts with, 0 if it starts with none (RFC 3629).
inline std::size_t utf8_length(std::string_view text) noexcept {
    auto const lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80U) {
        return 1;
    }
    std::size_t const length = lead < 0xC2U ? 0 : lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : lead < 0xF5U ? 4 : 0;
    if (length == 0 || text.size() < length) {
        return 0;
    }
    char32_t point = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        auto const next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80U) {
            return 0;
        }
        point = point << 6U | (next & 0x3FU);
    }
    bool const is_overlong = (length == 3 && point < 0x800U) || (length == 4 && point < 0x10000U);
    bool const is_surrogate = point >= 0xD800U && point <= 0xDFFFU;
    return is_overlong || is_surrogate || point > 0x10FFFFU ? 0 : length;
}

/// Appends text with backslashes and line feeds escaped, in label values quotes too; bytes that are not UTF-8, which
/// would make Prometheus refuse the whole scrape, become U+FFFD.
inline void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
    while (!text.empty()) {
        std::size_t const length = utf8_length(text);
        char const c = text.front();
        if (length == 0) {
            out.append("\xEF\xBF\xBD");
        } else if (c == '\\' || (c == '"' && in_quotes)) {
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

/// Appends a number in its shortest exact form.
inline void append_number(std::string& out, double value) {
    if (std::isnan(value)) {
        out.append("NaN");
    } else if (std::isinf(value)) {
        out.append(value > 0 ? "+Inf" : "-Inf");
    } else {
        std::array<char, 32> digits;
        auto const [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
        out.append(digits.data(), end);
    }
}

/// Appends `name="value"`, after a comma unless it is the first in `out`.
inline void append_label(std::string& out, std::string_view name, std::string_view value) {
    if (!out.empty()) {
        out.push_back(',');
    }
    out.append(name).append("=\"");
    append_escaped(out, value, true);
    out.push_back('"');
}

/// Appends the lines that introduce a family.
inline void append_header(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    if (!help.empty()) {
        out.append("# HELP ").append(name).append(" ");
        append_escaped(out, help, false);
        out.push_back('\n');
    }
    out.append("# TYPE ").append(name).append(" ").append(type).push_back('\n');
}

/// Appends the line of one sample; `labels` is what `append_label` made.
inline void append_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
    out.append(name);
    if (!labels.empty()) {
        out.append("{").append(labels).append("}");
    }
    out.push_back(' ');
    append_number(out, value);
    out.push_back('\n');
}

} // namespace orfeas::inline v0::metrics::detail
