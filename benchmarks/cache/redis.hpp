// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what the Redis client costs, beside hiredis where it is installed: encoding a SET, parsing a bulk reply, and
/// GET over one connection to a real server with 64 requests under way.
void measure_redis(report& to);

} // namespace bench
