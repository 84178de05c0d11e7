// SPDX-License-Identifier: MIT
//
// The forecasters against their bars: leak suites beside predict_linear, trends of known noise, recorded seasons beside the
// seasonal-naive forecast, and what a value costs.

#include "parts.hpp"
#include "support/report.hpp"

#include <exception>
#include <iostream>

int main(int count, char** arguments) {
    try {
        bench::report report{bench::parse_command_line(count, arguments)};
        bench::forecast::measure_leaks(report);
        bench::forecast::measure_trends(report);
        bench::forecast::measure_seasons(report);
        bench::forecast::measure_cost(report);
        report.finish();
        return 0;
    } catch (std::exception const& e) {
        std::cerr << "bench forecast: " << e.what() << '\n';
        return 1;
    }
}
