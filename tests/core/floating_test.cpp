// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/floating.hpp>

#include <cmath>
#include <limits>

using namespace orfeas;

TEST_CASE("core: infinities and not-a-number are not finite, all else is") {
    using limits = std::numeric_limits<double>;
    for (double const x : {0.0, 1.5, limits::max(), limits::min(), limits::denorm_min()}) {
        CHECK(is_finite(x));
        CHECK(is_finite(-x));
    }
    for (double const x : {limits::infinity(), limits::quiet_NaN(), limits::signaling_NaN()}) {
        CHECK_FALSE(is_finite(x));
        CHECK_FALSE(is_finite(-x));
    }
}

TEST_CASE("core: scaling by a power of two is std::ldexp") {
    int wrong = 0;
    for (double const x : {1.0, 1.0218971486541166, 1.4142135623730951, 1.9999999999999998, 2.0}) {
        for (int exponent = -1074; exponent <= 1024; ++exponent) {
            wrong += times_power_of_two(x, exponent) == std::ldexp(x, exponent) ? 0 : 1;
        }
    }
    CHECK(wrong == 0);
}
