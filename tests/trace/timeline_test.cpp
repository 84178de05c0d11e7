// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/clock.hpp>
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/core/tick_counter.hpp>
#include <orfeas/trace/detail/timeline.hpp>

#include <chrono>
#include <cstdint>

using orfeas::trace::detail::timeline;
using namespace std::chrono_literals;

namespace {

std::int64_t now_ns() {
    return std::chrono::nanoseconds{orfeas::steady_clock{}.now().time_since_epoch()}.count();
}

std::int64_t stamp_of(timeline<orfeas::steady_clock> const& times) {
    return times.counts_ticks() ? static_cast<std::int64_t>(orfeas::tick_counter::read()) : times.clock_stamp();
}

} // namespace

TEST_CASE("trace: stamps measure what the clock measures around them") {
    timeline<orfeas::steady_clock> times{{}};
    bool const ticks = times.counts_ticks();
    for (int round = 0; round < 20; ++round) {
        std::int64_t const before = now_ns();
        std::int64_t const first = stamp_of(times);
        std::int64_t const inner = now_ns();
        while (now_ns() - inner < 1'000'000) {}
        std::int64_t const inner_end = now_ns();
        std::int64_t const last = stamp_of(times);
        std::int64_t const after = now_ns();
        times.update();
        double const passed = static_cast<double>(last - first) * times.stamp_ns(ticks);
        CHECK(passed >= static_cast<double>(inner_end - inner) * 0.99);
        CHECK(passed <= static_cast<double>(after - before) * 1.01);
        auto const at = std::chrono::nanoseconds{times.time_of(first, ticks).time_since_epoch()}.count();
        CHECK(at >= before - 50'000);
        CHECK(at <= inner + 50'000);
    }
}

TEST_CASE("trace: stamps become civil time") {
    timeline<orfeas::steady_clock> times{{}};
    auto const before = orfeas::steady_clock{}.wall_now();
    std::int64_t const stamp = stamp_of(times);
    auto const after = orfeas::steady_clock{}.wall_now();
    times.update();
    auto const at = times.wall_time_of(stamp, times.counts_ticks());
    CHECK(at >= before - 1ms);
    CHECK(at <= after + 1ms);
}

TEST_CASE("trace: with a clock of one's own a stamp is its reading, exactly") {
    orfeas::manual_clock clock{orfeas::wall_time{1'700'000'000s}};
    timeline<orfeas::manual_clock> times{clock};
    CHECK_FALSE(times.counts_ticks());
    std::int64_t const stamp = times.clock_stamp();
    auto const at = clock.now();
    clock.advance(90min);
    times.update();
    CHECK(times.time_of(stamp, false) == at);
    CHECK(times.wall_time_of(stamp, false) == orfeas::wall_time{1'700'000'000s});
    CHECK(times.stamp_ns(false) == 1);
}
