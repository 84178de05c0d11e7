// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what an allocation and a deallocation cost: of the extent heap at several sizes, numbers of live extents and of
/// holes, beside host allocators where those can do the same; and of the pool.
void measure_heap(report& to);

} // namespace bench
