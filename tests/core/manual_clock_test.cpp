// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>

using namespace orfeas;
using namespace std::chrono_literals;

TEST_CASE("core: a manual clock stands still until it is advanced") {
    manual_clock time;
    auto const start = time.now();
    auto const wall = time.wall_now();
    CHECK(time.now() == start);
    time.advance(90s);
    CHECK(time.now() - start == 90s);
    CHECK(time.wall_now() - wall == 90s);
}

TEST_CASE("core: copies of a manual clock share one time") {
    manual_clock time;
    auto const copy = time;
    time.advance(1ms);
    CHECK(copy.now() == time.now());
    CHECK(manual_clock{}.now() != time.now());
}

TEST_CASE("core: a manual clock starts at the wall time it is given") {
    wall_time const birth{std::chrono::seconds{42}};
    CHECK(manual_clock{birth}.wall_now() == birth);
}

TEST_CASE("core: setting the wall time of a manual clock lets no time pass") {
    manual_clock time;
    auto const copy = time;
    auto const start = time.now();
    auto const wall = time.wall_now();
    time.set_wall_by(-1h);
    CHECK(copy.now() == start);
    CHECK(copy.wall_now() - wall == -1h);
    time.advance(1s);
    CHECK(time.wall_now() - wall == 1s - 1h);
}
