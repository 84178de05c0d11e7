// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what reading and writing a traceparent costs.
void measure_propagation(report& to);

} // namespace bench
