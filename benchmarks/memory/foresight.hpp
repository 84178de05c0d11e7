// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds how well peaks are foretold, OOMs avoided and batches found, over several seeds (the worst of them counts), and
/// what a step of the predictor costs.
void measure_foresight(report& to);

} // namespace bench
