// SPDX-License-Identifier: MIT
//
// The cache module against its bars.

#include "cache/local.hpp"
#include "cache/redis.hpp"
#include "cache/ring.hpp"
#include "cache/tiered.hpp"
#include "support/report.hpp"

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "cache", [](bench::report& report) {
        bench::measure_local_memory(report);
        bench::measure_local_times(report);
        bench::measure_local_bound(report);
        bench::measure_single_flight(report);
        bench::measure_ring(report);
        bench::measure_redis(report);
        bench::measure_tiered(report);
    });
}
