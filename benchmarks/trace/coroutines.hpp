// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what a traced executor costs a coroutine at each resumption, and what nothing costs a nested await.
void measure_coroutines(report& to);

} // namespace bench
