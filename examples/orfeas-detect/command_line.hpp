// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace detect_tool {

struct command_line {
    std::string detector = "outlier";
    std::vector<std::string> columns{}; ///< empty: all
    std::string plot{};                 ///< empty: none
    std::string file = "-";
    bool help = false;
};

inline constexpr std::string_view usage =
    "usage: orfeas-detect [--detector NAME] [--columns A,B] [--plot FILE.svg] [FILE|-]\n"
    "Judges the rows of a CSV file as they come, each by those before it, and writes one row for each of them:\n"
    "  timestamp,score,anomalous,family,expected,low,high,blame\n"
    "The file has a header, a column `timestamp` (YYYY-MM-DD HH:MM:SS, RFC 3339 or seconds since 1970) and columns of\n"
    "values; an empty field is a value that is missing. A score of 0.5 is the boundary to an alert; expected, low and "
    "high\n"
    "are of the column that is blamed most, and blame is column:share;column:share.\n"
    "  --detector NAME  outlier (default): levels, spreads and shifts that were not there before, for each column\n"
    "  --columns A,B    the columns to judge (default all)\n"
    "  --plot FILE.svg  draws values, what was expected, and alerts; keeps all rows in memory\n"
    "  FILE             what to read (default -, the standard input)\n";

namespace detail {

inline std::vector<std::string> split_names(std::string_view list) {
    std::vector<std::string> names;
    for (;;) {
        auto const comma = list.find(',');
        names.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) {
            return names;
        }
        list.remove_prefix(comma + 1);
    }
}

} // namespace detail

/// Reads the arguments after the program's name. Throws orfeas::option_error that names the argument at fault.
inline command_line parse_command_line(int count, char const* const* arguments) {
    command_line result;
    bool has_file = false;
    for (int i = 1; i < count; ++i) {
        std::string_view const name = arguments[i];
        if (name == "--help" || name == "-h") {
            result.help = true;
            return result;
        }
        if (name == "-" || !name.starts_with('-')) {
            if (has_file) {
                throw orfeas::option_error{"argument", name, "one file only"};
            }
            result.file = name;
            has_file = true;
            continue;
        }
        if (name != "--detector" && name != "--columns" && name != "--plot") {
            throw orfeas::option_error{"argument", name, "--detector, --columns, --plot or a file"};
        }
        if (++i == count) {
            throw orfeas::option_error{name, "", "followed by its value"};
        }
        std::string_view const value = arguments[i];
        if (name == "--columns") {
            result.columns = detail::split_names(value);
        } else {
            (name == "--plot" ? result.plot : result.detector) = value;
        }
    }
    return result;
}

} // namespace detect_tool
