// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/escape.hpp>
#include <orfeas/metrics/points.hpp>

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// What the text formats of Prometheus have in common.

namespace orfeas::inline v0::metrics::detail {

template<std::integral Whole>
void append_whole(std::string& out, Whole value) {
    std::array<char, 24> digits;
    auto const [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), end);
}

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

inline void append_value(std::string& out, number const& value) {
    if (value.is_whole) {
        append_whole(out, value.whole);
    } else {
        append_number(out, value.value);
    }
}

/// Appends the lines that introduce a family in the format 0.0.4.
inline void append_header(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    if (!help.empty()) {
        out.append("# HELP ").append(name).append(" ");
        append_escaped(out, help, text_place::help);
        out.push_back('\n');
    }
    out.append("# TYPE ").append(name).append(" ").append(type).push_back('\n');
}

/// Appends what stands before the value of a sample.
inline void append_name(std::string& out, std::string_view name, std::string_view suffix,
                        std::span<label const> labels) {
    out.append(name).append(suffix);
    if (!labels.empty()) {
        out.push_back('{');
        append_labels(out, labels);
        out.push_back('}');
    }
    out.push_back(' ');
}

/// The lines of one histogram's buckets, which begin alike: the second is copied from the first.
class bucket_lines {
  public:
    bucket_lines(std::string& out, std::string_view name, std::span<label const> labels)
        : out_{out}, start_{out.size()} {
        out.append(name).append("_bucket{");
        append_labels(out, labels);
        out.append(labels.empty() ? "le=\"" : ",le=\"");
        size_ = out.size() - start_;
    }

    /// A line without its end.
    void append(std::string_view bound, std::uint64_t count, std::string_view after_bound = {}) {
        if (is_first_) {
            is_first_ = false;
        } else {
            out_.append(out_, start_, size_);
        }
        out_.append(bound).append(after_bound).append("\"} ");
        append_whole(out_, count);
    }

  private:
    std::string& out_;
    std::size_t start_;
    std::size_t size_ = 0;
    bool is_first_ = true;
};

} // namespace orfeas::inline v0::metrics::detail
