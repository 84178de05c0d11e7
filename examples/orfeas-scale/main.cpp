// SPDX-License-Identifier: MIT
//
// orfeas-scale: replays a load through the scaling advisor.

#include "command_line.hpp"
#include "load_trace.hpp"
#include "plot.hpp"
#include "simulation.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void write_file(std::string const& name, std::string const& text) {
    std::ofstream file{name, std::ios::binary};
    file << text << std::flush;
    if (!file) {
        throw std::runtime_error{"cannot write " + name};
    }
}

scale_tool::load_trace load_of(scale_tool::command_line const& given) {
    if (given.trace.empty()) {
        return scale_tool::make_trace(given.days, static_cast<std::uint64_t>(given.seed));
    }
    std::ifstream file{given.trace};
    if (!file) {
        throw std::runtime_error{"cannot read " + given.trace};
    }
    return scale_tool::read_trace(file, given.trace, given.column, given.factor);
}

template<class... Values>
std::string row_of(char const* format, Values... values) {
    std::array<char, 512> text;
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

std::string summary_of(std::span<scale_tool::outcome const> runs) {
    std::string text = "policy,replicas_mean,replicas_max,changes,p50_ms,p95_ms,p99_ms,worst_hour_p95_ms,late_share,"
                       "replica_hours,cost\n";
    for (auto const& run : runs) {
        text += run.policy + row_of(",%.2f,%u,%u,%.0f,%.0f,%.0f,%.0f,%.5f,%.1f,%.2f\n", run.replicas_mean,
                                    run.replicas_max, run.changes, run.p50_ms, run.p95_ms, run.p99_ms,
                                    run.worst_hour_p95_ms, run.late_share, run.replica_hours, run.cost);
    }
    return text;
}

std::string rows_of(std::span<scale_tool::outcome const> runs) {
    std::string text = "policy,time_s,load,replicas,ready,p95_ms,cost\n";
    for (auto const& run : runs) {
        for (auto const& each : run.samples) {
            text += run.policy + row_of(",%.0f,%.3f,%u,%u,", each.time, each.load, each.replicas, each.ready);
            text += each.p95_ms == each.p95_ms ? row_of("%.0f", each.p95_ms) : "";
            text += row_of(",%.3f\n", each.cost);
        }
    }
    return text;
}

void run(scale_tool::command_line const& given) {
    auto const load = load_of(given);
    auto const requests =
        scale_tool::draw_requests(load, given.service_ms / 1e3, static_cast<std::uint64_t>(given.seed));
    std::vector<scale_tool::outcome> const runs{scale_tool::run_reactive(given, load, requests),
                                                scale_tool::run_ahead(given, load, requests),
                                                scale_tool::run_fixed(given, load, requests)};
    std::cout << summary_of(runs) << std::flush;
    if (!std::cout) {
        throw std::runtime_error{"cannot write the result"};
    }
    if (!given.rows.empty()) {
        write_file(given.rows, rows_of(runs));
    }
    if (!given.plot.empty()) {
        scale_tool::plot const picture{runs, given.target_ms};
        write_file(given.plot, picture.draw(given.trace.empty() ? "a daily load" : given.trace));
    }
}

} // namespace

int main(int count, char** arguments) {
    try {
        auto const given = scale_tool::parse_command_line(count, arguments);
        if (given.help) {
            std::cout << scale_tool::usage;
        } else {
            run(given);
        }
        return 0;
    } catch (std::exception const& error) {
        std::cerr << "orfeas-scale: " << error.what() << '\n';
        return 1;
    }
}
