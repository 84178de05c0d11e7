// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace bench {
class report;
} // namespace bench

namespace bench::detect {

/// The random cut forest on NAB, by its raw scores and by its alerts.
void measure_forest(report& to, std::filesystem::path const& folder);

/// What a sample costs in the detectors made of trees, and whether they allocate.
void measure_forest_cost(report& to);

} // namespace bench::detect
