// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/stats/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace stats = orfeas::stats;

namespace {

double nearest_rank(std::vector<double> const& sorted, double q) {
    auto const rank = std::max(1.0, std::ceil(q * static_cast<double>(sorted.size())));
    return sorted[static_cast<std::size_t>(rank) - 1];
}

} // namespace

TEST_CASE("stats: quantiles stay within the relative error of the sorted values") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::lognormal_distribution<double> durations{-5, 2};
    for (int schema = 0; schema <= 5; ++schema) {
        stats::histogram histogram{stats::bucket_layout{{.lowest = 1e-9, .highest = 1e6, .schema = schema}}};
        std::vector<double> values;
        for (int i = 0; i < 5'000; ++i) {
            values.push_back(durations(random));
            REQUIRE(histogram.record(values.back()));
        }
        std::ranges::sort(values);
        double const allowed = histogram.layout().buckets().relative_error() * 1.000001;
        for (double const q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
            double const exact = nearest_rank(values, q);
            REQUIRE(std::abs(histogram.quantile(q) - exact) <= allowed * exact);
        }
    }
}

TEST_CASE("stats: count, sum and mean are those of the values") {
    stats::histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK(std::isnan(histogram.mean()));
    CHECK(std::isnan(histogram.quantile(0.5)));
    histogram.record(0.5);
    histogram.record(2.0, 3);
    CHECK(histogram.count() == 4);
    CHECK(histogram.sum() == 6.5);
    CHECK(histogram.mean() == 1.625);
}

TEST_CASE("stats: infinities and not-a-number are refused") {
    stats::histogram histogram;
    CHECK_FALSE(histogram.record(std::numeric_limits<double>::quiet_NaN()));
    CHECK_FALSE(histogram.record(std::numeric_limits<double>::infinity()));
    CHECK_FALSE(histogram.record(-std::numeric_limits<double>::infinity()));
    CHECK(histogram.count() == 0);
    CHECK(histogram.sum() == 0);
}

TEST_CASE("stats: values outside the range count, at its ends") {
    stats::histogram histogram{stats::bucket_layout{{.lowest = 1, .highest = 64}}};
    histogram.record(0);
    CHECK(histogram.quantile(0.5) == 0);
    histogram.record(1e9, 9);
    CHECK(histogram.count() == 10);
    CHECK(histogram.quantile(0.5) == 64);
}

TEST_CASE("stats: merging parts equals recording the whole") {
    std::mt19937_64 random{11};
    std::exponential_distribution<double> values{3};
    stats::histogram whole;
    stats::histogram first;
    stats::histogram second;
    for (int i = 0; i < 2'000; ++i) {
        double const value = values(random);
        whole.record(value);
        (i % 3 == 0 ? first : second).record(value);
    }
    first.merge(second);
    CHECK(first.count() == whole.count());
    CHECK_THAT(first.sum(), Catch::Matchers::WithinRel(whole.sum(), 1e-12));
    CHECK(std::ranges::equal(first.counts(), whole.counts()));
}

TEST_CASE("stats: subtracting an earlier state leaves what came since") {
    stats::histogram histogram;
    histogram.record(0.001, 100);
    stats::histogram const earlier = histogram;
    histogram.record(1.0, 5);
    histogram.subtract(earlier);
    CHECK(histogram.count() == 5);
    CHECK_THAT(histogram.sum(), Catch::Matchers::WithinRel(5.0, 1e-12));
    CHECK_THAT(histogram.quantile(0.0), Catch::Matchers::WithinRel(1.0, 0.011));
}

TEST_CASE("stats: a histogram made from counts is the one that counted them") {
    stats::histogram original{stats::bucket_layout{{.lowest = 1, .highest = 8, .schema = 1}}};
    original.record(3, 4);
    original.record(7);
    stats::histogram const copy{
        original.layout(), {original.counts().begin(), original.counts().end()}, original.sum()};
    CHECK(copy.count() == 5);
    CHECK(copy.quantile(0.5) == original.quantile(0.5));
}
