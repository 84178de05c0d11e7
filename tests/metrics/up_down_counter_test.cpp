// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/metrics/registry.hpp>
#include <orfeas/metrics/up_down_counter.hpp>

#include <cstdint>
#include <limits>
#include <thread>

namespace metrics = orfeas::metrics;
using metrics_test::measured;
using metrics_test::written_without_own;

TEST_CASE("metrics: an up-down counter is the total of what was added and taken away") {
    metrics::registry registry;
    auto under_way = registry.up_down_counter("batch_requests", "Under way.");
    under_way.add();
    under_way.add(std::uint64_t{5});
    under_way.sub(short{7});
    CHECK(under_way.value() == -1);
    under_way.add(-2);
    under_way.sub(-4);
    CHECK(under_way.value() == 1);
    under_way.sub(0.75);
    under_way.add(0.5F);
    CHECK(under_way.value() == 0.75);
    CHECK(written_without_own(registry) == "# HELP batch_requests Under way.\n"
                                           "# TYPE batch_requests gauge\n"
                                           "batch_requests 0.75\n");
}

TEST_CASE("metrics: an up-down counter is exact beyond 2^53") {
    metrics::registry registry;
    auto bytes = registry.up_down_counter("held_bytes", "Held.");
    bytes.add(std::int64_t{1} << 60);
    bytes.add(1);
    bytes.sub(std::int64_t{1} << 60);
    CHECK(bytes.value() == 1);
}

TEST_CASE("metrics: one thread may take away what another added") {
    metrics::registry registry;
    auto held = registry.up_down_counter("held", "Held.");
    std::thread{[held]() mutable { held.add(3); }}.join();
    held.sub(2);
    CHECK(held.value() == 1);
}

TEST_CASE("metrics: an up-down counter refuses what is not finite") {
    metrics::registry registry;
    auto held = registry.up_down_counter("held", "Held.");
    held.add(std::numeric_limits<double>::quiet_NaN());
    held.sub(std::numeric_limits<double>::infinity());
    CHECK(held.value() == 0);
    CHECK(measured(registry).at("metrics_rejected_updates_total") == 2);
    CHECK_THROWS_WITH(registry.gauge("held", "Held."),
                      orfeas_test::contains("exists as a up-down counter") || orfeas_test::contains("up-down counter"));
}
