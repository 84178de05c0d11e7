// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what `cache::tiered` does in front of real servers: how soon and how surely a change in one process reaches the
/// other, nodes that are killed or frozen, a cluster whose slots move, the invalidation of a pattern, and the times of its
/// calls. Skipped where redis-server is not installed.
void measure_tiered(report& to);

void measure_tiered_invalidation(report& to);
void measure_tiered_faults(report& to);
void measure_tiered_cluster(report& to);
void measure_tiered_pattern(report& to);
void measure_tiered_times(report& to);

} // namespace bench
