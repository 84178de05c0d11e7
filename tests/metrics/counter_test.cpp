// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/metrics/counter.hpp>
#include <orfeas/metrics/registry.hpp>

#include <cstdint>
#include <limits>

namespace metrics = orfeas::metrics;
using metrics_test::measured;

TEST_CASE("metrics: a counter adds whole numbers exactly and any other number") {
    metrics::registry registry;
    auto sent = registry.counter("sent_bytes_total", "Sent.");
    sent.add();
    sent.add(std::uint64_t{1} << 40U);
    sent.add(short{2});
    sent.add(0);
    CHECK(sent.value() == 1'099'511'627'779.0);
    sent.add(0.25);
    sent.add(0.25F);
    CHECK(sent.value() == 1'099'511'627'779.5);
}

TEST_CASE("metrics: a counter never falls and never becomes not-a-number; what would do that is counted") {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.");
    calls.add(3);
    calls.add(-1);
    calls.add(-0.5);
    calls.add(std::numeric_limits<double>::quiet_NaN());
    calls.add(std::numeric_limits<double>::infinity());
    CHECK(calls.value() == 3);
    CHECK(measured(registry).at("metrics_rejected_updates_total") == 4);
    registry
        .counter("metrics_rejected_updates_total",
                 "Updates refused: negative, not finite, or of a series that was removed.")
        .add(-1);
    CHECK(measured(registry).at("metrics_rejected_updates_total") == 5);
}
