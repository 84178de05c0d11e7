// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/tick_counter.hpp>

#include <cstdint>

TEST_CASE("core: the counter of ticks goes forward") {
    std::uint64_t last = orfeas::tick_counter::read();
    for (int i = 0; i < 1000; ++i) {
        std::uint64_t const now = orfeas::tick_counter::read();
        CHECK(now >= last);
        last = now;
    }
    CHECK(last != 0);
}
