// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/net/token_bucket.hpp>

#include <random>

using namespace std::chrono_literals;
using orfeas::net::token_bucket;

TEST_CASE("net: a bucket allows its burst, then its rate") {
    orfeas::manual_clock clock;
    token_bucket bucket{2.0, 3.0, clock.now()};
    for (int i = 0; i < 3; ++i) {
        CHECK(bucket.take(clock.now()));
    }
    CHECK_FALSE(bucket.take(clock.now()));
    clock.advance(499ms);
    CHECK_FALSE(bucket.take(clock.now()));
    clock.advance(2ms);
    CHECK(bucket.take(clock.now()));
    CHECK_FALSE(bucket.take(clock.now()));
    clock.advance(1h);
    for (int i = 0; i < 3; ++i) {
        CHECK(bucket.take(clock.now()));
    }
    CHECK_FALSE(bucket.take(clock.now()));
}

TEST_CASE("net: a bucket ignores a clock reading from before the last one") {
    orfeas::manual_clock clock;
    auto const early = clock.now();
    clock.advance(10s);
    token_bucket bucket{1.0, 1.0, clock.now()};
    CHECK(bucket.take(early));
    CHECK_FALSE(bucket.take(early));
    CHECK_FALSE(bucket.take(clock.now()));
}

TEST_CASE("net: whatever the arrivals, a bucket never lets through more than burst and rate") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    orfeas::manual_clock clock;
    auto const start = clock.now();
    token_bucket bucket{50.0, 10.0, start};
    int passed = 0;
    for (int i = 0; i < 5000; ++i) {
        clock.advance(std::chrono::microseconds{random() % 20'000});
        passed += bucket.take(clock.now()) ? 1 : 0;
        auto const seconds = std::chrono::duration<double>{clock.now() - start}.count();
        REQUIRE(passed <= 10.0 + 50.0 * seconds + 1e-6);
    }
    CHECK(passed > 1000);
}
