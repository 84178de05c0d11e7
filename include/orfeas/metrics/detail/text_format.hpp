// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/escape.hpp>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

// The Prometheus text exposition format, version 0.0.4.
// Source: prometheus.io/docs/instrumenting/exposition_formats.

namespace orfeas::inline v0::metrics::detail {

/// Appends a number in its shortest exact form.
inline void append_number(std::string& out, double value) {
    if (!is_finite(value)) {
        out.append(value > 0 ? "+Inf" : value < 0 ? "-Inf" : "NaN");
    } else {
        std::array<char, 32> digits;
        auto const [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
        out.append(digits.data(), end);
    }
}

/// Appends the lines that introduce a family.
inline void append_header(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    if (!help.empty()) {
        out.append("# HELP ").append(name).append(" ");
        append_escaped(out, help, text_place::help);
        out.push_back('\n');
    }
    out.append("# TYPE ").append(name).append(" ").append(type).push_back('\n');
}

/// Appends the line of one sample; `labels` is what `append_labels` made.
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
