// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

namespace bench {

/// Adds what it costs to encode a span in OTLP, and what it costs a whole process to make spans and to export them to a
/// receiver in another process.
void measure_exporting(report& to);

} // namespace bench
