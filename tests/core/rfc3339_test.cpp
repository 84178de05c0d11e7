// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/rfc3339.hpp>

#include <chrono>

using orfeas::rfc3339;
using orfeas::wall_time;
using namespace std::chrono_literals;

TEST_CASE("rfc3339: moments in UTC, to the millisecond", "[core][rfc3339]") {
    CHECK(rfc3339(wall_time{}) == "1970-01-01T00:00:00.000Z");
    CHECK(rfc3339(wall_time{1'700'000'000s + 5ms}) == "2023-11-14T22:13:20.005Z");
    CHECK(rfc3339(wall_time{951'782'399s + 999ms}) == "2000-02-28T23:59:59.999Z");
    CHECK(rfc3339(wall_time{951'782'400s}) == "2000-02-29T00:00:00.000Z");
}

TEST_CASE("rfc3339: what is before a millisecond is of the one before", "[core][rfc3339]") {
    CHECK(rfc3339(wall_time{-1us}) == "1969-12-31T23:59:59.999Z");
    CHECK(rfc3339(wall_time{1'999us}) == "1970-01-01T00:00:00.001Z");
}

TEST_CASE("rfc3339: every moment of the clock has a text", "[core][rfc3339]") {
    CHECK(rfc3339(wall_time::max()) == "2262-04-11T23:47:16.854Z");
    CHECK(rfc3339(wall_time::min()) == "1677-09-21T00:12:43.145Z");
}
