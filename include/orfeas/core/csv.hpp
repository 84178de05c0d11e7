// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Comma-separated values (RFC 4180).

namespace orfeas::inline v0 {

/// Appends a field, quoted when it holds a separator, a quote or a line break.
inline void append_csv(std::string& out, std::string_view field) {
    if (field.find_first_of("\",\r\n") == std::string_view::npos) {
        out.append(field);
        return;
    }
    out.push_back('"');
    for (char const c : field) {
        out.append(c == '"' ? 2 : 1, c);
    }
    out.push_back('"');
}

/// Appends a number in its shortest exact form; nothing, which is an empty field, for one that is not finite.
inline void append_csv(std::string& out, double value) {
    if (!is_finite(value)) {
        return;
    }
    std::array<char, 40> text;
    auto const [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end);
}

/// Takes the rows out of a text, which outlives it. Lines end in CR LF or LF.
/// Thread-compatible (distinct objects).
class csv_reader {
  public:
    explicit csv_reader(std::string_view text) noexcept : rest_{text} {}

    /// Puts the fields of the next row into `fields`; false when there is none, or it is malformed: `good()` tells.
    bool next(std::vector<std::string>& fields) {
        fields.clear();
        if (rest_.empty() || !good_) {
            return false;
        }
        do {
            field(fields.emplace_back());
        } while (good_ && take(','));
        if (good_ && !rest_.empty()) {
            take('\r');
            good_ = take('\n');
        }
        return good_;
    }

    /// False after a quote that is not closed, or that stands within or before other text.
    bool good() const noexcept { return good_; }

  private:
    bool take(char c) noexcept {
        bool const is_there = rest_.starts_with(c);
        rest_.remove_prefix(is_there ? 1 : 0);
        return is_there;
    }

    void field(std::string& into) {
        if (!take('"')) {
            auto const plain = rest_.substr(0, rest_.find_first_of("\",\r\n"));
            into.assign(plain);
            rest_.remove_prefix(plain.size());
            good_ = !rest_.starts_with('"');
            return;
        }
        do {
            auto const end = rest_.find('"');
            if (end == std::string_view::npos) {
                good_ = false;
                return;
            }
            into.append(rest_.substr(0, end));
            rest_.remove_prefix(end + 1);
            if (!rest_.starts_with('"')) {
                return;
            }
            into.push_back('"');
        } while (take('"'));
    }

    std::string_view rest_;
    bool good_ = true;
};

} // namespace orfeas::inline v0
