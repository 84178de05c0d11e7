// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/metrics/gauge.hpp>
#include <orfeas/metrics/registry.hpp>

#include <cmath>
#include <limits>

namespace metrics = orfeas::metrics;
using metrics_test::measured;

TEST_CASE("metrics: a gauge is set, raised and lowered, and its copies are the same gauge") {
    metrics::registry registry;
    auto depth = registry.gauge("depth", "Depth.");
    auto same = depth;
    depth.set(10);
    same.add(2.5);
    same.sub(20);
    CHECK(depth.value() == -7.5);
    CHECK(measured(registry).at("depth") == -7.5);
}

TEST_CASE("metrics: a gauge may be set to no value, but not be changed by one") {
    metrics::registry registry;
    double const nan = std::numeric_limits<double>::quiet_NaN();
    auto depth = registry.gauge("depth", "Depth.");
    depth.set(2);
    depth.add(nan);
    depth.sub(std::numeric_limits<double>::infinity());
    CHECK(depth.value() == 2);
    CHECK(measured(registry).at("metrics_rejected_updates_total") == 2);
    depth.set(nan);
    CHECK(std::isnan(measured(registry).at("depth")));
}
