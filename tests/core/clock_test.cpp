// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/clock.hpp>

using namespace orfeas;

namespace {

struct no_wall_time {
    monotonic_time now() const noexcept;
};
static_assert(!orfeas::clock<no_wall_time>);
static_assert(!orfeas::clock<std::chrono::steady_clock>);

} // namespace

TEST_CASE("core: clocks never run backwards") {
    steady_clock const fine;
    coarse_clock const coarse;
    auto last_fine = fine.now();
    auto last_coarse = coarse.now();
    for (int i = 0; i < 1000; ++i) {
        auto const next_fine = fine.now();
        auto const next_coarse = coarse.now();
        REQUIRE(next_fine >= last_fine);
        REQUIRE(next_coarse >= last_coarse);
        last_fine = next_fine;
        last_coarse = next_coarse;
    }
}

TEST_CASE("core: the coarse clock has the origin of the fine one") {
    auto const fine = steady_clock{}.now();
    auto const coarse = coarse_clock{}.now();
    CHECK(coarse > fine - std::chrono::seconds{10});
    CHECK(coarse < fine + std::chrono::seconds{10});
}

TEST_CASE("core: wall time is seconds since the Unix epoch") {
    CHECK(unix_seconds(wall_time{std::chrono::milliseconds{1500}}) == 1.5);
    CHECK(unix_seconds(coarse_clock{}.wall_now()) > 1.7e9);
}
