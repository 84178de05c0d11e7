// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what a span costs that is not recorded, that is, and with attributes; what a whole trace costs that the tail policy
/// drops; and the memory and the allocations of all that.
void measure_spans(report& to);

} // namespace bench
