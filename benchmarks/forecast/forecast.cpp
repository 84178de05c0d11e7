// SPDX-License-Identifier: MIT
//
// The forecasters against their bars: leak suites beside predict_linear, trends of known noise, recorded seasons beside the
// seasonal-naive forecast, and what a value costs.

#include "parts.hpp"
#include "support/report.hpp"

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "forecast", [](bench::report& report) {
        bench::forecast::measure_leaks(report);
        bench::forecast::measure_trends(report);
        bench::forecast::measure_seasons(report);
        bench::forecast::measure_cost(report);
    });
}
