// SPDX-License-Identifier: MIT
//
// The cache module against its bars.

#include "cache/local.hpp"
#include "cache/redis.hpp"
#include "cache/ring.hpp"
#include "cache/tiered.hpp"
#include "support/report.hpp"

#include <exception>
#include <iostream>

int main(int count, char** arguments) {
    try {
        bench::report report{bench::parse_command_line(count, arguments)};
        bench::measure_local_memory(report);
        bench::measure_local_times(report);
        bench::measure_local_bound(report);
        bench::measure_single_flight(report);
        bench::measure_ring(report);
        bench::measure_redis(report);
        bench::measure_tiered(report);
        report.finish();
        return 0;
    } catch (std::exception const& e) {
        std::cerr << "bench cache: " << e.what() << '\n';
        return 1;
    }
}
