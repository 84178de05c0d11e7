// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bench {
class report;
} // namespace bench

namespace bench::detect {

/// The streams of these seeds were looked at while the detectors were made; those of the last one were not.
inline constexpr std::uint64_t family_development_seeds = 100; ///< and on
inline constexpr std::uint64_t family_final_seed = 20'261'122;

/// The detectors on the suite of the five families, with their default options.
void measure_families(report& to);

} // namespace bench::detect
