// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what `#include <orfeas/memory.hpp>` costs the compiler that built the benchmarks, and that it reaches no CUDA
/// header.
void measure_include_cost(report& to);

} // namespace bench
