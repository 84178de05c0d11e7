// SPDX-License-Identifier: MIT
#pragma once

namespace bench {
class report;
} // namespace bench

namespace bench::detect {

/// What a sample costs: time, allocations, and the bytes of a detector.
void measure_cost(report& to);

} // namespace bench::detect
