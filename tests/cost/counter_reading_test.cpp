// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cost/counter_reading.hpp>

#include <cmath>
#include <limits>

TEST_CASE("cost: a counter is read by its growth, also when it restarts") {
    orfeas::cost::counter_reading counter;
    CHECK_FALSE(counter.known());
    CHECK(counter.update(100) == 0); // nobody knows since when
    CHECK(counter.known());
    CHECK(counter.update(103) == 3);
    CHECK(counter.update(103) == 0);
    CHECK(counter.update(7) == 7); // restarted
    CHECK(counter.update(std::nan("")) == 0);
    CHECK(counter.update(-1) == 0);
    CHECK(counter.update(std::numeric_limits<double>::infinity()) == 0);
    CHECK(counter.update(9) == 2);
}
