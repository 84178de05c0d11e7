// SPDX-License-Identifier: MIT
#pragma once

#include "timestamp.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <istream>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace detect_tool {

/// The fields of a CSV line (RFC 4180); a quoted field holds no line end. Throws std::runtime_error for a quote without end.
inline void split_csv(std::string_view line, std::vector<std::string>& fields) {
    fields.clear();
    fields.emplace_back();
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        char const c = line[i];
        if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
            fields.back().push_back('"');
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back().push_back(c);
        }
    }
    if (quoted) {
        throw std::runtime_error{"a quote without end"};
    }
}

/// One row of the input.
struct csv_row {
    std::string timestamp; ///< as it stands there
    std::chrono::nanoseconds time{};
    std::vector<double> values; ///< not-a-number where there is none
};

/// Reads rows one by one, as they come: a header, in it `timestamp` and one or more columns of values.
class csv_reader {
  public:
    /// `name` is for messages. Throws std::runtime_error for a header that lacks a column; none wanted means all.
    csv_reader(std::istream& from, std::string name, std::vector<std::string> const& wanted)
        : from_{from}, name_{std::move(name)} {
        if (!next_line()) {
            fail("there is no header");
        }
        if (line_.starts_with("\xEF\xBB\xBF")) {
            line_.erase(0, 3);
        }
        split();
        auto const found = std::find(fields_.begin(), fields_.end(), "timestamp");
        if (found == fields_.end()) {
            fail("the header has no column 'timestamp': name one so");
        }
        timestamp_ = static_cast<std::size_t>(found - fields_.begin());
        size_ = fields_.size();
        choose(wanted);
    }

    /// Of the values, in the order in which rows have them.
    std::vector<std::string> const& columns() const { return columns_; }

    /// The next row; false at the end. Throws std::runtime_error for one that cannot be read, and says where.
    bool next(csv_row& row) {
        do {
            if (!next_line()) {
                return false;
            }
        } while (line_.empty());
        split();
        if (fields_.size() != size_) {
            fail("expected " + std::to_string(size_) + " fields, found " + std::to_string(fields_.size()));
        }
        row.timestamp = fields_[timestamp_];
        auto const time = parse_timestamp(row.timestamp);
        if (!time) {
            fail("'" + row.timestamp + "' is no time: write YYYY-MM-DD HH:MM:SS, RFC 3339 or seconds since 1970");
        }
        row.time = *time;
        row.values.clear();
        for (auto const index : indices_) {
            row.values.push_back(value_of(fields_[index]));
        }
        return true;
    }

  private:
    [[noreturn]] void fail(std::string const& what) const {
        throw std::runtime_error{name_ + ":" + std::to_string(number_) + ": " + what};
    }

    bool next_line() {
        if (!std::getline(from_, line_)) {
            return false;
        }
        ++number_;
        if (line_.ends_with('\r')) {
            line_.pop_back();
        }
        return true;
    }

    void split() {
        try {
            split_csv(line_, fields_);
        } catch (std::runtime_error const& error) {
            fail(error.what());
        }
    }

    void choose(std::vector<std::string> const& wanted) {
        for (auto const& each : wanted) {
            auto const found = std::find(fields_.begin(), fields_.end(), each);
            if (found == fields_.end() || each == "timestamp") {
                fail("there is no column of values '" + each + "'");
            }
            indices_.push_back(static_cast<std::size_t>(found - fields_.begin()));
        }
        for (std::size_t i = 0; wanted.empty() && i < fields_.size(); ++i) {
            if (i != timestamp_) {
                indices_.push_back(i);
            }
        }
        if (indices_.empty()) {
            fail("there is no column of values beside 'timestamp'");
        }
        for (auto const index : indices_) {
            columns_.push_back(fields_[index]);
        }
    }

    /// What is missing is not-a-number; what is no number is a mistake.
    double value_of(std::string_view text) const {
        while (text.starts_with(' ')) {
            text.remove_prefix(1);
        }
        while (text.ends_with(' ')) {
            text.remove_suffix(1);
        }
        if (text.empty() || text == "null" || text == "NA") {
            return std::numeric_limits<double>::quiet_NaN();
        }
        text.remove_prefix(text.size() > 1 && text.front() == '+' ? 1 : 0);
        double value = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc::result_out_of_range) {
            return std::numeric_limits<double>::quiet_NaN();
        }
        if (error != std::errc{} || end != text.data() + text.size()) {
            fail("'" + std::string{text} + "' is no number: leave the field empty where there is no value");
        }
        return value;
    }

    std::istream& from_;
    std::string name_;
    std::string line_;
    std::size_t number_ = 0;
    std::vector<std::string> fields_;
    std::size_t size_ = 0;
    std::size_t timestamp_ = 0;
    std::vector<std::size_t> indices_;
    std::vector<std::string> columns_;
};

} // namespace detect_tool
