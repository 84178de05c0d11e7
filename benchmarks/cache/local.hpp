// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what a hit of the local cache costs, alone and on two threads, and what a lookup with a put after a miss does, beside
/// the same of its peers.
void measure_local_times(report& to);

/// Adds the memory that entries take beside their keys and values. To be called before others fill the heap.
void measure_local_memory(report& to);

/// Adds by how much two writers ever overfill the cache.
void measure_local_bound(report& to);

/// Adds how often a cold key is loaded that 10,000 callers ask for, the first of which is cancelled.
void measure_single_flight(report& to);

} // namespace bench
