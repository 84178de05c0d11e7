// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

#include <filesystem>

/// The parts of the benchmark of the forecasters.

namespace bench::forecast {

void measure_leaks(report& to);
void measure_trends(report& to);
/// On the series of NAB in that folder, or says why not.
void measure_seasons(report& to);
void measure_cost(report& to);

} // namespace bench::forecast
