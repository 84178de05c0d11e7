// SPDX-License-Identifier: MIT
//
// The pool on recorded allocation traces, beside the generated ones: utilization, moves and stranded bytes.

#include "memory/replay.hpp"
#include "support/report.hpp"

#include <exception>
#include <iostream>

int main(int count, char** arguments) {
    try {
        bench::report report{bench::parse_command_line(count, arguments)};
        if (auto const& folder = report.arguments().data) {
            bench::measure_traces(report, "memory-traces", bench::recorded_traces(*folder));
        } else {
            report.add({.bench = "memory-traces", .name = "recorded traces", .skipped = "no --data DIR"});
        }
        report.finish();
        return 0;
    } catch (std::exception const& e) {
        std::cerr << "bench memory-traces: " << e.what() << '\n';
        return 1;
    }
}
