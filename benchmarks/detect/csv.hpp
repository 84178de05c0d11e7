// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// The CSV files of NAB, SMD and ASD, read whole.

namespace bench::detect {

/// Throws std::runtime_error that names the file.
inline std::string text_of_file(std::filesystem::path const& path) {
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    std::string text;
    if (file) {
        text.resize(static_cast<std::size_t>(file.tellg()));
        file.seekg(0);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
    }
    if (!file) {
        throw std::runtime_error{"cannot read " + path.string()};
    }
    return text;
}

/// Walks through the lines of a text and the fields of a line.
class csv_cursor {
  public:
    /// `name` is for messages; both outlive the cursor.
    csv_cursor(std::string_view name, std::string_view text) : name_{name}, rest_{text} {}

    /// The next line, without its end; nothing at the end of the text.
    std::optional<std::string_view> line() {
        if (rest_.empty()) {
            return std::nullopt;
        }
        ++number_;
        auto const end = rest_.find('\n');
        auto line = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        return line;
    }

    /// Takes the first field off `line`.
    static std::string_view field(std::string_view& line) {
        auto const comma = line.find(',');
        auto const found = line.substr(0, comma);
        line = comma == std::string_view::npos ? std::string_view{} : line.substr(comma + 1);
        return found;
    }

    double number(std::string_view text) const {
        double value = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) {
            complain("a number", text);
        }
        return value;
    }

    std::size_t index(std::string_view text) const {
        std::size_t value = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) {
            complain("a whole number", text);
        }
        return value;
    }

    /// Seconds since 1970 of `YYYY-MM-DD HH:MM:SS`; a fraction behind it is dropped.
    std::int64_t seconds(std::string_view text) const {
        if (text.size() < 19) {
            complain("a time", text);
        }
        auto const part = [&](std::size_t at, std::size_t size) {
            return static_cast<std::int64_t>(index(text.substr(at, size)));
        };
        return days(part(0, 4), part(5, 2), part(8, 2)) * 86'400 + part(11, 2) * 3'600 + part(14, 2) * 60 + part(17, 2);
    }

    [[noreturn]] void complain(std::string_view expected, std::string_view found) const {
        throw std::runtime_error{std::string{name_} + ":" + std::to_string(number_) + ": expected " +
                                 std::string{expected} + ", not '" + std::string{found} + "'"};
    }

  private:
    /// Days since 1970-01-01 of the Gregorian calendar, years that begin in March.
    static std::int64_t days(std::int64_t year, std::int64_t month, std::int64_t day) {
        std::int64_t const y = month > 2 ? year : year - 1;
        std::int64_t const m = month > 2 ? month - 3 : month + 9;
        return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719'468;
    }

    std::string_view name_;
    std::string_view rest_;
    std::size_t number_ = 0;
};

/// A matrix of numbers, row by row; every row has as many.
struct matrix {
    std::size_t columns = 0;
    std::vector<double> values;

    std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

/// Reads a file of numbers without a header. Throws std::runtime_error that names the line.
inline matrix read_matrix(std::filesystem::path const& path) {
    auto const name = path.string();
    auto const text = text_of_file(path);
    csv_cursor cursor{name, text};
    matrix made;
    while (auto line = cursor.line()) {
        std::size_t columns = 0;
        for (auto rest = *line; !rest.empty(); ++columns) {
            made.values.push_back(cursor.number(csv_cursor::field(rest)));
        }
        if (made.columns != 0 && columns != made.columns) {
            cursor.complain(std::to_string(made.columns) + " columns", *line);
        }
        made.columns = columns;
    }
    return made;
}

} // namespace bench::detect
