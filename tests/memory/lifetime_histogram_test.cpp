// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/memory/lifetime_histogram.hpp>

#include <cstdint>

using orfeas::memory::lifetime_histogram;

TEST_CASE("memory: lifetimes fall into buckets by their binary logarithm") {
    CHECK(lifetime_histogram::bucket_of(0) == 0);
    CHECK(lifetime_histogram::bucket_of(1) == 0);
    CHECK(lifetime_histogram::bucket_of(2) == 1);
    CHECK(lifetime_histogram::bucket_of(3) == 1);
    CHECK(lifetime_histogram::bucket_of(1024) == 10);
    CHECK(lifetime_histogram::bucket_of(2047) == 10);
    CHECK(lifetime_histogram::bucket_of(~std::uint64_t{0}) == lifetime_histogram::bucket_count - 1);
}

TEST_CASE("memory: quantiles of lifetimes are exact within a factor of two") {
    lifetime_histogram lifetimes;
    CHECK(lifetimes.quantile_ns(0.5) == 0);
    for (std::uint64_t i = 0; i < 99; ++i) {
        lifetimes.record(1000);
    }
    lifetimes.record(1'000'000);
    CHECK(lifetimes.total() == 100);
    CHECK(lifetimes[9] == 99);
    CHECK(lifetimes.quantile_ns(0) == 1024);
    CHECK(lifetimes.quantile_ns(0.5) == 1024);
    CHECK(lifetimes.quantile_ns(0.99) == 1024);
    CHECK(lifetimes.quantile_ns(1) == 1'048'576);
}
