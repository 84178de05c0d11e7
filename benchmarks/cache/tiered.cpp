// SPDX-License-Identifier: MIT

#include "cache/tiered.hpp"

#include "support/redis_server.hpp"

namespace bench {

void measure_tiered(report& to) {
    if (!orfeas_test::redis_server::is_installed()) {
        to.add({.bench = "cache", .name = "tiered", .skipped = "redis-server is not installed"});
        return;
    }
    measure_tiered_times(to);
    measure_tiered_invalidation(to);
    measure_tiered_faults(to);
    measure_tiered_cluster(to);
    measure_tiered_pattern(to);
}

} // namespace bench
