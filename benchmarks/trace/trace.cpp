// SPDX-License-Identifier: MIT
//
// The trace module against its bars. OpenTelemetry C++ has no package: its figures are cited in RESULTS.md.

#include "support/report.hpp"
#include "trace/coroutines.hpp"
#include "trace/exporting.hpp"
#include "trace/propagation.hpp"
#include "trace/spans.hpp"

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "trace", [](bench::report& report) {
        bench::measure_spans(report);
        bench::measure_propagation(report);
        bench::measure_coroutines(report);
        bench::measure_exporting(report);
    });
}
