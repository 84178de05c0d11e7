// SPDX-License-Identifier: MIT
//
// The pool on recorded allocation traces, beside the generated ones: utilization, moves and stranded bytes.

#include "memory/replay.hpp"
#include "support/report.hpp"

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "memory-traces", [](bench::report& report) {
        if (auto const& folder = report.arguments().data) {
            bench::measure_traces(report, "memory-traces", bench::recorded_traces(*folder));
        } else {
            report.add({.bench = "memory-traces", .name = "recorded traces", .skipped = "no --data DIR"});
        }
    });
}
