// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds how evenly the rings spread keys, how many move when the members change, and what a lookup and a new ring cost.
void measure_ring(report& to);

} // namespace bench
