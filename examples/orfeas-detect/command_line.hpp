// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace detect_tool {

struct command_line {
    std::string detector = "ensemble";
    std::vector<std::string> columns{}; ///< empty: all
    std::string plot{};                 ///< empty: none
    std::string forecast{};             ///< the column whose time to critical is told; empty: none
    double critical = 0;                ///< its critical level
    std::string file = "-";
    bool help = false;
};

inline constexpr std::string_view usage =
    "usage: orfeas-detect [--detector NAME] [--columns A,B] [--plot FILE.svg] [FILE|-]\n"
    "       orfeas-detect --forecast COLUMN --critical LEVEL [FILE|-]\n"
    "Judges the rows of a CSV file as they come, each by those before it, and writes one row for each of them:\n"
    "  timestamp,score,anomalous,family,expected,low,high,blame\n"
    "The file has a header, a column `timestamp` (YYYY-MM-DD HH:MM:SS, RFC 3339 or seconds since 1970) and columns of\n"
    "values; an empty field is a value that is missing. A score of 0.5 is the boundary to an alert; expected, low and "
    "high\n"
    "are of the column that is blamed most, and blame is column:share;column:share.\n"
    "  --detector NAME  ensemble (default): each column by spike, drift, outlier and season, and how they go "
    "together;\n"
    "                   spike, drift, outlier, season: each column by one of them; correlation, random_cut_forest,\n"
    "                   half_space_trees: all columns together\n"
    "  --columns A,B    the columns to judge (default all)\n"
    "  --plot FILE.svg  draws values, what was expected, and alerts; keeps all rows in memory\n"
    "  --forecast COLUMN --critical LEVEL\n"
    "                   tells in place of verdicts how many minutes that column takes to the level, with the interval "
    "in\n"
    "                   which 8 of 10 such times lie, or why nothing can be said:\n"
    "                   timestamp,value,state,minutes,low,high,confidence,alert\n"
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

inline double read_number(std::string_view name, std::string_view text) {
    double value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
        throw orfeas::option_error{name, text, "a number"};
    }
    return value;
}

/// Arguments that exclude each other or need each other.
inline void check_together(command_line const& given, bool has_critical, bool has_others) {
    if (given.forecast.empty() == has_critical) {
        throw orfeas::option_error{has_critical ? "--critical" : "--forecast", has_critical ? "" : given.forecast,
                                   has_critical ? "given with --forecast" : "given with --critical"};
    }
    if (!given.forecast.empty() && has_others) {
        throw orfeas::option_error{"--forecast", given.forecast, "given without --detector, --columns and --plot"};
    }
}

} // namespace detail

/// Reads the arguments after the program's name. Throws orfeas::option_error that names the argument at fault.
inline command_line parse_command_line(int count, char const* const* arguments) {
    command_line result;
    bool has_file = false;
    bool has_critical = false;
    bool has_others = false;
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
        if (name != "--detector" && name != "--columns" && name != "--plot" && name != "--forecast" &&
            name != "--critical") {
            throw orfeas::option_error{"argument", name,
                                       "--detector, --columns, --plot, --forecast, --critical or a file"};
        }
        if (++i == count) {
            throw orfeas::option_error{name, "", "followed by its value"};
        }
        std::string_view const value = arguments[i];
        has_critical = has_critical || name == "--critical";
        has_others = has_others || (name != "--critical" && name != "--forecast");
        if (name == "--columns") {
            result.columns = detail::split_names(value);
        } else if (name == "--critical") {
            result.critical = detail::read_number(name, value);
        } else {
            (name == "--plot" ? result.plot : name == "--forecast" ? result.forecast : result.detector) = value;
        }
    }
    detail::check_together(result, has_critical, has_others);
    return result;
}

} // namespace detect_tool
