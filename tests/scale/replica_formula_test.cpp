// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/scale/replica_formula.hpp>

#include <cstdint>
#include <limits>

namespace scale = orfeas::scale;
using scale::metric_kind;

namespace {

std::uint32_t replicas(scale::metric_reading const& of, std::uint32_t current, std::uint32_t ready) {
    return scale::propose_replicas(of, current, ready, 0.1).value().replicas;
}

} // namespace

TEST_CASE("within the tolerance nothing changes, its bounds among it", "[scale]") {
    scale::metric_reading of{.name = "x", .value = 110, .target = 100};
    CHECK(replicas(of, 10, 10) == 10);
    of.value = 111;
    CHECK(replicas(of, 10, 10) == 12);
    of.value = 90;
    CHECK(replicas(of, 10, 10) == 10);
    of.value = 89;
    CHECK(replicas(of, 10, 10) == 9);
}

TEST_CASE("a quotient that is whole but for its last bit costs no replica", "[scale]") {
    CHECK(replicas({.name = "x", .kind = metric_kind::average_value, .value = 0.21, .target = 0.07}, 1, 1) == 3);
    CHECK(replicas({.name = "x", .value = 0.3, .target = 0.1}, 10, 10) == 30);
}

TEST_CASE("replicas that do not report dampen the change in both directions", "[scale]") {
    // too much: they count as idle; 8 of 10 report 1.5 targets each: 12 instead of 15
    CHECK(replicas({.name = "x", .value = 150, .target = 100, .missing = 2}, 10, 10) == 12);
    // too little: they count as at their target; 8 × 0.5 + 2 = 6 instead of 5
    CHECK(replicas({.name = "x", .value = 50, .target = 100, .missing = 2}, 10, 10) == 6);
    // what would turn the direction leaves all as it is
    CHECK(replicas({.name = "x", .value = 120, .target = 100, .missing = 4}, 10, 10) == 10);
    CHECK(replicas({.name = "x", .value = 100, .target = 100, .missing = 4}, 10, 10) == 10);
}

TEST_CASE("replicas that are not ready count as idle when there are too few, else not at all", "[scale]") {
    CHECK(replicas({.name = "x", .value = 200, .target = 100}, 10, 6) == 12);
    CHECK(replicas({.name = "x", .value = 130, .target = 100}, 10, 6) == 10);
    CHECK(replicas({.name = "x", .value = 50, .target = 100}, 10, 6) == 3);
}

TEST_CASE("more replicas that serve than were asked for do not turn the direction", "[scale]") {
    // 8 of 10 report half of their target, but 4 were asked for: 6 would be more of them
    CHECK(replicas({.name = "x", .value = 50, .target = 100, .missing = 2}, 4, 10) == 4);
}

TEST_CASE("one value for all goes by the replicas that serve; one that is divided goes by itself", "[scale]") {
    CHECK(replicas({.name = "p95", .kind = metric_kind::value, .value = 400, .target = 200}, 10, 6) == 12);
    CHECK(replicas({.name = "queue", .kind = metric_kind::average_value, .value = 45, .target = 3}, 10, 6) == 15);
    CHECK(replicas({.name = "queue", .kind = metric_kind::average_value, .value = 32, .target = 3}, 10, 6) == 10);
}

TEST_CASE("from no replica on there is no tolerance", "[scale]") {
    CHECK(replicas({.name = "queue", .kind = metric_kind::average_value, .value = 1, .target = 100}, 0, 0) == 1);
    CHECK(replicas({.name = "queue", .kind = metric_kind::average_value, .value = 0, .target = 100}, 0, 0) == 0);
    CHECK(replicas({.name = "p95", .kind = metric_kind::value, .value = 250, .target = 100}, 0, 0) == 3);
}

TEST_CASE("what is no value proposes nothing, and what has no measure stays finite", "[scale]") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (double const value : {nan, infinity, -1.0}) {
        CHECK_FALSE(scale::propose_replicas({.name = "x", .value = value, .target = 1}, 4, 4, 0.1));
    }
    for (double const target : {nan, infinity, 0.0, -1.0}) {
        CHECK_FALSE(scale::propose_replicas({.name = "x", .value = 1, .target = target}, 4, 4, 0.1));
    }
    CHECK_FALSE(scale::propose_replicas({.name = "x", .value = 1, .target = 1, .missing = 4}, 4, 4, 0.1));
    CHECK_FALSE(scale::propose_replicas({.name = "x", .value = 1, .target = 1, .missing = 9}, 4, 4, 0.1));
    CHECK(replicas({.name = "x", .value = 1e300, .target = 1e-300}, 4, 4) == 1'000'000'000);
}
