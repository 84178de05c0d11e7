// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/stats/exponential_buckets.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace stats = orfeas::stats;

static_assert(stats::exponential_buckets{0}.index(1.0) == 0);
static_assert(stats::exponential_buckets{0}.index(1.5) == 1);
static_assert(stats::exponential_buckets{0}.index(2.0) == 1);

TEST_CASE("stats: a bound belongs to the bucket below it, its neighbour to the next one") {
    for (int schema = 0; schema <= 5; ++schema) {
        stats::exponential_buckets const buckets{schema};
        int const first = -1000 * (1 << schema);
        int const last = 1000 * (1 << schema);
        for (int index = first; index <= last; index += 1 + (last - first) / 5000) {
            double const bound = buckets.upper_bound(index);
            INFO("schema " << schema << ", index " << index);
            REQUIRE(buckets.index(bound) == index);
            REQUIRE(buckets.index(std::nextafter(bound, std::numeric_limits<double>::infinity())) == index + 1);
            REQUIRE(buckets.index(std::nextafter(bound, 0.0)) == index);
        }
    }
}

TEST_CASE("stats: the bounds are the correctly rounded powers of the base") {
    for (int schema = 0; schema <= 5; ++schema) {
        stats::exponential_buckets const buckets{schema};
        for (int index = -40; index <= 40; ++index) {
            auto const exact = exp2l(static_cast<long double>(index) / static_cast<long double>(1 << schema));
            REQUIRE(buckets.upper_bound(index) == static_cast<double>(exact));
        }
    }
}

TEST_CASE("stats: random normal values lie between the bounds of their bucket") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::uniform_real_distribution<double> exponent{-1020, 1023};
    for (int i = 0; i < 100'000; ++i) {
        stats::exponential_buckets const buckets{i % 6};
        double const value = std::exp2(exponent(random));
        std::int32_t const index = buckets.index(value);
        REQUIRE(value <= buckets.upper_bound(index));
        REQUIRE(value > buckets.upper_bound(index - 1));
    }
}

TEST_CASE("stats: a bucket of a schema is two of the next") {
    std::mt19937_64 random{7};
    std::uniform_real_distribution<double> exponent{-300, 300};
    for (int i = 0; i < 10'000; ++i) {
        double const value = std::exp2(exponent(random));
        for (int schema = 0; schema < 5; ++schema) {
            std::int32_t const fine = stats::exponential_buckets{schema + 1}.index(value);
            REQUIRE(stats::exponential_buckets{schema}.index(value) == ((fine - 1) >> 1) + 1);
        }
    }
}

TEST_CASE("stats: the smallest and the largest double have buckets") {
    using limits = std::numeric_limits<double>;
    stats::exponential_buckets const buckets{5};
    CHECK(buckets.index(limits::denorm_min()) == -1074 * 32);
    CHECK(buckets.index(limits::max()) == 1024 * 32);
    CHECK(buckets.upper_bound(1024 * 32) == limits::max());
    CHECK(buckets.index(limits::min()) == -1022 * 32);
}

TEST_CASE("stats: the relative error halves with each schema") {
    CHECK_THAT(stats::exponential_buckets{0}.relative_error(), Catch::Matchers::WithinRel(1.0 / 3.0, 1e-12));
    CHECK_THAT(stats::exponential_buckets{5}.relative_error(), Catch::Matchers::WithinRel(0.01083, 0.001));
}

TEST_CASE("stats: a schema outside 0 to 5 is refused with its range") {
    CHECK_THROWS_WITH(stats::exponential_buckets{6}, "schema is '6', but must be between 0 and 5");
    CHECK_THROWS_AS(stats::exponential_buckets{-1}, orfeas::option_error);
}
