// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

/// What it costs a pool to know about its allocations: accounts by tag, the ring of events, and writing them to a file.

namespace bench {

/// Measures and reports, against targets 1 and 8 of the design research.
void measure_knowledge(report& into);

} // namespace bench
