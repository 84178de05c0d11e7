// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/core/options.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace scale_tool {

struct command_line {
    std::string trace{}; ///< empty: a load is made
    std::string column = "load";
    double factor = 1;  ///< from the column's unit to requests a second
    std::string plot{}; ///< empty: none
    std::string rows{}; ///< empty: none
    double days = 7;    ///< of the load that is made
    double seed = 1;
    double service_ms = 2'000;
    double start_s = 180;
    double sync_s = 15;
    double min_replicas = 1;
    double max_replicas = 40;
    double utilization = 0.7;
    double target_ms = 4'000; ///< of the 95th percentile
    double price = 2.5;       ///< of a replica-hour
    bool help = false;
};

inline constexpr std::string_view usage =
    "usage: orfeas-scale [--trace FILE.csv] [--plot OUT.svg] [--rows OUT.csv] [OPTION VALUE]...\n"
    "Replays a load through the scaling advisor, with a simple model of replicas, and compares three ways to scale:\n"
    "  reactive  by utilisation, queue and load\n"
    "  ahead     the same, and by the load that is predicted for when a replica started now would serve\n"
    "  fixed     the smallest number that never changes and meets the target\n"
    "It writes one row for each: policy, replicas_mean, replicas_max, changes, p50_ms, p95_ms, p99_ms, "
    "worst_hour_p95_ms,\n"
    "late_share, replica_hours, cost.\n"
    "  --trace FILE.csv    columns timestamp and load (requests a second); without it a daily load is made\n"
    "  --column NAME       the column of the load (default load)\n"
    "  --factor X          from its unit to requests a second (default 1)\n"
    "  --plot OUT.svg      draws load, replicas, latency and cost\n"
    "  --rows OUT.csv      writes what the picture shows, a row in 5 minutes\n"
    "  --days N            of the load that is made (default 7)\n"
    "  --seed N            of the load that is made and of the requests (default 1)\n"
    "  --service-ms MS     mean time that a replica takes for a request (default 2000)\n"
    "  --start-s S         time from asking for a replica until it serves (default 180)\n"
    "  --sync-s S          time between advices (default 15)\n"
    "  --min-replicas N, --max-replicas N   (default 1 and 40)\n"
    "  --utilization SHARE of a replica that is aimed at (default 0.7)\n"
    "  --target-ms MS      95th percentile of response times that is aimed at (default 4000)\n"
    "  --price P           of a replica-hour (default 2.5)\n";

namespace detail {

struct text_argument {
    std::string_view name;
    std::string command_line::* member;
};

inline constexpr std::array text_arguments{
    text_argument{"--trace", &command_line::trace},
    text_argument{"--column", &command_line::column},
    text_argument{"--plot", &command_line::plot},
    text_argument{"--rows", &command_line::rows},
};

struct numeric_argument {
    std::string_view name;
    double command_line::* member;
    double low;
    double high;
    bool is_whole;
};

inline constexpr std::array numeric_arguments{
    numeric_argument{"--factor", &command_line::factor, 1e-9, 1e9, false},
    numeric_argument{"--days", &command_line::days, 0.01, 366, false},
    numeric_argument{"--seed", &command_line::seed, 0, 1e9, true},
    numeric_argument{"--service-ms", &command_line::service_ms, 1, 1e6, false},
    numeric_argument{"--start-s", &command_line::start_s, 0, 86'400, false},
    numeric_argument{"--sync-s", &command_line::sync_s, 1, 3'600, true},
    numeric_argument{"--min-replicas", &command_line::min_replicas, 1, 10'000, true},
    numeric_argument{"--max-replicas", &command_line::max_replicas, 1, 10'000, true},
    numeric_argument{"--utilization", &command_line::utilization, 0.05, 1, false},
    numeric_argument{"--target-ms", &command_line::target_ms, 1, 1e9, false},
    numeric_argument{"--price", &command_line::price, 0, 1e9, false},
};

inline double read_number(numeric_argument const& argument, std::string_view text) {
    double value = std::numeric_limits<double>::quiet_NaN();
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const is_number = error == std::errc{} && end == text.data() + text.size();
    bool const is_allowed = is_number && value >= argument.low && value <= argument.high &&
                            (!argument.is_whole || value == static_cast<double>(static_cast<std::int64_t>(value)));
    if (!is_allowed) {
        throw orfeas::option_error{argument.name, text,
                                   std::string{argument.is_whole ? "a whole number" : "a number"} + " from " +
                                       orfeas::detail::number_text(argument.low) + " to " +
                                       orfeas::detail::number_text(argument.high)};
    }
    return value;
}

inline void take(command_line& into, std::string_view name, std::string_view value) {
    for (auto const& each : numeric_arguments) {
        if (name == each.name) {
            into.*each.member = read_number(each, value);
            return;
        }
    }
    for (auto const& each : text_arguments) {
        if (name == each.name) {
            into.*each.member = value;
            return;
        }
    }
    throw orfeas::option_error{"argument", name, "one that --help names"};
}

} // namespace detail

/// Reads the arguments after the program's name. Throws orfeas::option_error that names the argument at fault.
inline command_line parse_command_line(int count, char const* const* arguments) {
    command_line result;
    for (int i = 1; i < count; ++i) {
        std::string_view const name = arguments[i];
        if (name == "--help" || name == "-h") {
            result.help = true;
            return result;
        }
        if (i + 1 == count) {
            throw orfeas::option_error{name.starts_with("--") ? name : "argument", name.starts_with("--") ? "" : name,
                                       name.starts_with("--") ? "followed by its value" : "one that --help names"};
        }
        detail::take(result, name, arguments[++i]);
    }
    if (result.min_replicas > result.max_replicas) {
        throw orfeas::option_error{"--min-replicas", orfeas::detail::number_text(result.min_replicas),
                                   "at most --max-replicas"};
    }
    return result;
}

} // namespace scale_tool
