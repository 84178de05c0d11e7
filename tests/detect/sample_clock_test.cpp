// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/detect/sample_clock.hpp>

#include <chrono>
#include <cstdint>
#include <limits>

using namespace orfeas::detect;
using namespace std::chrono_literals;

TEST_CASE("detect: the interval of samples is learned") {
    sample_clock clock;
    CHECK(clock.interval() == 0ns);
    CHECK(clock.observe(100s) == arrival::first);
    CHECK(clock.observe(160s) == arrival::on_time);
    CHECK(clock.interval() == 60s);
    for (int i = 2; i < 200; ++i) {
        clock.observe(100s + i * 60s);
    }
    CHECK(clock.interval() == 60s);
    auto time = 100s + 199 * 60s;
    for (int i = 0; i < 200; ++i) {
        clock.observe(time += 90s);
    }
    CHECK(clock.interval() > 85s);
    CHECK(clock.interval() <= 90s);
}

TEST_CASE("detect: a gap is told with the number of missing samples") {
    sample_clock clock{10s, 3};
    clock.observe(0s);
    CHECK(clock.observe(30s) == arrival::on_time);
    CHECK(clock.missing() == 0);
    CHECK(clock.observe(70s) == arrival::after_gap); // 40, 50 and 60 are missing
    CHECK(clock.missing() == 3);
    CHECK(clock.observe(80s) == arrival::on_time);
    CHECK(clock.missing() == 0);
    CHECK(clock.interval() == 10s); // as given
}

TEST_CASE("detect: one long gap does not make the next one usual") {
    sample_clock clock;
    auto time = 0s;
    for (int i = 0; i < 100; ++i) {
        clock.observe(time += 10s);
    }
    CHECK(clock.observe(time += 24h) == arrival::after_gap);
    CHECK(clock.interval() < 12s);
    CHECK(clock.observe(time += 60s) == arrival::after_gap);
}

TEST_CASE("detect: duplicates and steps back are told, and the clock goes on from there") {
    sample_clock clock{10s, 3};
    clock.observe(1'000s);
    CHECK(clock.observe(1'000s) == arrival::duplicate);
    CHECK(clock.observe(500s) == arrival::backward);
    CHECK(clock.observe(510s) == arrival::on_time);
    CHECK(clock.observe(1'000s) == arrival::after_gap);
}

TEST_CASE("detect: the furthest times are taken in") {
    using limits = std::numeric_limits<std::int64_t>;
    sample_clock clock;
    clock.observe(std::chrono::nanoseconds{limits::min()});
    CHECK(clock.observe(std::chrono::nanoseconds{limits::max()}) == arrival::on_time);
    CHECK(clock.observe(std::chrono::nanoseconds{limits::min()}) == arrival::backward);
    CHECK(clock.interval() > 0ns);
    sample_clock short_one{1ns, 3};
    short_one.observe(std::chrono::nanoseconds{limits::min()});
    CHECK(short_one.observe(std::chrono::nanoseconds{limits::max()}) == arrival::after_gap);
    CHECK(short_one.missing() == 1'000'000'000);
}

TEST_CASE("detect: a clock that was reset learns anew, but keeps an interval that was given") {
    sample_clock learned;
    learned.observe(0s);
    learned.observe(5s);
    learned.reset();
    CHECK(learned.interval() == 0ns);
    CHECK(learned.observe(1s) == arrival::first);
    sample_clock given{10s};
    given.observe(0s);
    given.reset();
    CHECK(given.interval() == 10s);
    CHECK(given.observe(50s) == arrival::first);
}
