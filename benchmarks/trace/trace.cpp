// SPDX-License-Identifier: MIT
//
// The trace module against its bars. OpenTelemetry C++ has no package: its figures are cited in RESULTS.md.

#include "support/report.hpp"
#include "trace/coroutines.hpp"
#include "trace/exporting.hpp"
#include "trace/propagation.hpp"
#include "trace/spans.hpp"

#include <exception>
#include <iostream>

int main(int count, char** arguments) {
    try {
        bench::report report{bench::parse_command_line(count, arguments)};
        bench::measure_spans(report);
        bench::measure_propagation(report);
        bench::measure_coroutines(report);
        bench::measure_exporting(report);
        report.finish();
        return 0;
    } catch (std::exception const& e) {
        std::cerr << "bench trace: " << e.what() << '\n';
        return 1;
    }
}
