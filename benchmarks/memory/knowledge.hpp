// SPDX-License-Identifier: MIT
#pragma once

#include "support/report.hpp"

/// What it costs a pool to know about its allocations: accounts by tag, the ring of events, and writing them to a file.

/// Measures and reports, against the bars of design research 7.9 (targets 1 and 8).
void measure_knowledge(bench::report& report);
