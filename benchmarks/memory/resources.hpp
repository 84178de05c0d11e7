// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what a hit of the thread cache costs, how two threads with a cache each do against one, and what the adaptors add
/// to an allocation.
void measure_resources(report& to);

} // namespace bench
