// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace bench {
class report;
} // namespace bench

namespace bench::detect {

/// The correlation detector on SMD and ASD, in the folder that holds both, beside what TSB-AD published of others.
void measure_servers(report& to, std::filesystem::path const& folder);

/// What a sample costs it.
void measure_correlation_cost(report& to);

} // namespace bench::detect
