// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/breaker.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using orfeas::cache::redis::breaker;
using orfeas::cache::redis::breaker_options;
using orfeas::cache::redis::breaker_state;

namespace {

constexpr breaker_options by_row{.consecutive_failures = 3, .failure_rate = 1.0, .least_calls = 1'000'000};

} // namespace

TEST_CASE("redis breaker: failures in a row open it, a success between them does not count on") {
    orfeas::manual_clock clock;
    breaker b{by_row};
    b.failed(2, clock.now());
    b.succeeded(1, clock.now());
    b.failed(2, clock.now());
    CHECK(b.state() == breaker_state::closed);
    CHECK(b.admit(clock.now()));
    b.failed(1, clock.now());
    CHECK(b.state() == breaker_state::open);
    CHECK(b.openings() == 1);
    CHECK_FALSE(b.admit(clock.now()));
}

TEST_CASE("redis breaker: one probe is let through after the cool-down, and decides") {
    orfeas::manual_clock clock;
    breaker b{by_row};
    b.failed(3, clock.now());
    clock.advance(249ms);
    CHECK_FALSE(b.admit(clock.now()));
    clock.advance(1ms);
    CHECK(b.admit(clock.now()));
    CHECK(b.state() == breaker_state::half_open);
    CHECK_FALSE(b.admit(clock.now()));
    b.failed(1, clock.now());
    CHECK(b.state() == breaker_state::open);
    CHECK_FALSE(b.admit(clock.now()));
    clock.advance(250ms);
    CHECK(b.admit(clock.now()));
    b.succeeded(1, clock.now());
    CHECK(b.state() == breaker_state::closed);
    CHECK(b.admit(clock.now()));
    CHECK(b.openings() == 1);
    b.failed(2, clock.now());
    CHECK(b.state() == breaker_state::closed);
}

TEST_CASE("redis breaker: a probe that never reports back does not keep the node out") {
    orfeas::manual_clock clock;
    breaker b{by_row};
    b.failed(3, clock.now());
    clock.advance(250ms);
    CHECK(b.admit(clock.now()));
    clock.advance(250ms);
    CHECK(b.admit(clock.now()));
    CHECK_FALSE(b.admit(clock.now()));
}

TEST_CASE("redis breaker: failures of calls under way do not prolong the cool-down") {
    orfeas::manual_clock clock;
    breaker b{by_row};
    b.failed(3, clock.now());
    clock.advance(200ms);
    b.failed(50, clock.now());
    clock.advance(50ms);
    CHECK(b.admit(clock.now()));
}

TEST_CASE("redis breaker: a share of failures in a window opens it") {
    orfeas::manual_clock clock;
    breaker b{{.consecutive_failures = 1000, .failure_rate = 0.5, .least_calls = 20, .window = 10s}};
    for (int i = 0; i < 9; ++i) {
        b.succeeded(1, clock.now());
        b.failed(1, clock.now());
    }
    CHECK(b.state() == breaker_state::closed); // 18 calls are too few
    b.succeeded(1, clock.now());
    b.failed(1, clock.now());
    CHECK(b.state() == breaker_state::open);
}

TEST_CASE("redis breaker: failures that are long past are forgotten") {
    orfeas::manual_clock clock;
    breaker b{{.consecutive_failures = 1000, .failure_rate = 0.5, .least_calls = 20, .window = 10s}};
    b.succeeded(1, clock.now());
    b.failed(15, clock.now());
    clock.advance(11s);
    b.succeeded(16, clock.now());
    b.failed(5, clock.now());
    CHECK(b.state() == breaker_state::closed);
    clock.advance(5s); // half a window: these are not forgotten
    b.failed(12, clock.now());
    CHECK(b.state() == breaker_state::open);
}

TEST_CASE("redis breaker: it closes when the node has proved that it is back") {
    orfeas::manual_clock clock;
    breaker b{by_row};
    b.failed(3, clock.now());
    b.close();
    CHECK(b.admit(clock.now()));
}

TEST_CASE("redis breaker: options out of range are refused, states have names") {
    CHECK_THROWS_AS(breaker{breaker_options{.consecutive_failures = 0}}, orfeas::option_error);
    CHECK_THROWS_AS(breaker{breaker_options{.failure_rate = 0}}, orfeas::option_error);
    CHECK(std::string{to_string(breaker_state::half_open)} == "half_open");
    CHECK(std::string{to_string(breaker_state::open)} == "open");
    CHECK(std::string{to_string(breaker_state::closed)} == "closed");
}
