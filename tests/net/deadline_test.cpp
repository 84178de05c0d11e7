// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/net/deadline.hpp>

#include <limits>

using namespace std::chrono_literals;
using orfeas::net::progress_deadline;

TEST_CASE("net: a peer without progress is given up after the stall") {
    orfeas::manual_clock clock;
    auto const start = clock.now();
    progress_deadline const deadline{start, {10s, 1000}};
    CHECK(deadline.expiry() == start + 10s);
}

TEST_CASE("net: progress at a fair rate moves the deadline on without end") {
    orfeas::manual_clock clock;
    progress_deadline deadline{clock.now(), {10s, 1000}};
    for (int second = 0; second < 600; ++second) {
        clock.advance(1s);
        CHECK(clock.now() < deadline.expiry());
        deadline.progress(1000, clock.now());
    }
    CHECK(deadline.expiry() == clock.now() + 10s);
}

TEST_CASE("net: a peer that trickles is given up when its average has been too low for the stall") {
    orfeas::manual_clock clock;
    auto const start = clock.now();
    progress_deadline deadline{start, {10s, 1000}};
    while (clock.now() < deadline.expiry()) {
        clock.advance(1s);
        deadline.progress(100, clock.now());
    }
    CHECK(clock.now() - start >= 10s);
    CHECK(clock.now() - start <= 12s); // 10 s of grace, and 1 s for each 1000 bytes
}

TEST_CASE("net: what the kernel swallowed at once buys no time for a stall") {
    orfeas::manual_clock clock;
    progress_deadline deadline{clock.now(), {10s, 1000}};
    deadline.progress(std::numeric_limits<std::uint64_t>::max(), clock.now());
    CHECK(deadline.expiry() == clock.now() + 10s);
}
