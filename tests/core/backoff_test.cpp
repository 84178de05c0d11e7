// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/backoff.hpp>

#include <chrono>
#include <cstdint>
#include <set>

using namespace std::chrono_literals;
using orfeas::backoff;

TEST_CASE("backoff: waits double up to the longest, each at least half of it") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        backoff waits{10ms, 100ms, seed};
        for (auto const step : {10ms, 20ms, 40ms, 80ms, 100ms, 100ms}) {
            auto const wait = waits.next();
            CHECK(wait >= step / 2);
            CHECK(wait <= step);
        }
        waits.reset();
        CHECK(waits.next() <= 10ms);
    }
}

TEST_CASE("backoff: seeds decide") {
    std::set<std::chrono::nanoseconds> first;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        auto const wait = backoff{1s, 1s, seed}.next();
        CHECK(wait == backoff{1s, 1s, seed}.next());
        first.insert(wait);
    }
    CHECK(first.size() > 90);
}

TEST_CASE("backoff: the longest wait does not overflow") {
    backoff waits{std::chrono::nanoseconds{1}, std::chrono::nanoseconds::max(), 1};
    for (int i = 0; i < 100; ++i) {
        CHECK(waits.next() > 0ns);
    }
}
