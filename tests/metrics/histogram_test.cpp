// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/registry.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace metrics = orfeas::metrics;
using metrics_test::measured;
using metrics_test::written;
using metrics_test::written_without_own;

TEST_CASE("metrics: histograms are written with cumulative buckets that include their bound") {
    metrics::registry registry;
    auto sizes = registry.histogram("batch", "Batch.", {{"gpu", "0"}}, {.lowest = 1, .highest = 8, .schema = 3});
    for (double const value : {0.5, 1.0, 2.0, 2.1, 4.0, 8.0, 9.0}) {
        sizes.observe(value);
    }
    CHECK(written_without_own(registry) == "# HELP batch Batch.\n"
                                           "# TYPE batch histogram\n"
                                           "batch_bucket{gpu=\"0\",le=\"1\"} 2\n"
                                           "batch_bucket{gpu=\"0\",le=\"2\"} 3\n"
                                           "batch_bucket{gpu=\"0\",le=\"4\"} 5\n"
                                           "batch_bucket{gpu=\"0\",le=\"8\"} 6\n"
                                           "batch_bucket{gpu=\"0\",le=\"+Inf\"} 7\n"
                                           "batch_sum{gpu=\"0\"} 26.6\n"
                                           "batch_count{gpu=\"0\"} 7\n");
}

TEST_CASE("metrics: random values fall into the same classic buckets as by comparison") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    std::lognormal_distribution<double> distribution{0, 2};
    metrics::registry registry;
    auto subject = registry.histogram("x", "X.", {}, {.lowest = 0.125, .highest = 64});
    std::vector<double> values;
    for (int i = 0; i < 3'000; ++i) {
        values.push_back(i % 10 == 0 ? std::exp2(static_cast<double>(i % 90) / 10 - 4) : distribution(random));
        subject.observe(values.back());
    }
    auto const text = written(registry);
    for (double bound = 0.125; bound <= 64; bound *= 2) {
        auto const below = std::ranges::count_if(values, [&](double value) { return value <= bound; });
        std::string line = "x_bucket{le=\"";
        orfeas::metrics::detail::append_number(line, bound);
        REQUIRE_THAT(text, orfeas_test::contains(line + "\"} " + std::to_string(below) + "\n"));
    }
}

TEST_CASE("metrics: the measured quantiles are those of about the last minute") {
    orfeas::manual_clock clock;
    metrics::basic_registry<orfeas::manual_clock> registry{{.quantile_window = 60s}, clock};
    auto wait = registry.histogram("wait_seconds", "Wait.");
    CHECK(std::isnan(measured(registry).at("wait_seconds_p95")));
    for (int i = 0; i < 100; ++i) {
        wait.observe(8.0);
    }
    CHECK_THAT(measured(registry).at("wait_seconds_p50"), Catch::Matchers::WithinRel(8.0, 0.011));
    for (int second = 0; second < 90; ++second) {
        clock.advance(1s);
        wait.observe(10ms);
        measured(registry);
    }
    auto const values = measured(registry);
    CHECK_THAT(values.at("wait_seconds_p99"), Catch::Matchers::WithinRel(0.01, 0.011));
    CHECK(values.at("wait_seconds_count") == 190);
    CHECK_THAT(values.at("wait_seconds_sum"), Catch::Matchers::WithinRel(800.9, 1e-9));
}

TEST_CASE("metrics: a histogram takes numbers and durations and refuses what is not finite") {
    metrics::registry registry;
    auto wait = registry.histogram("wait_seconds", "Wait.");
    wait.observe(0.25);
    wait.observe(250ms);
    wait.observe(std::numeric_limits<double>::quiet_NaN());
    wait.observe(-std::numeric_limits<double>::infinity());
    CHECK(wait.snapshot().count() == 2);
    CHECK(wait.snapshot().sum() == 0.5);
    CHECK(measured(registry).at("metrics_rejected_updates_total") == 2);
}

TEST_CASE("metrics: the difference of two snapshots is what came between them") {
    metrics::registry registry;
    auto wait = registry.histogram("wait_seconds", "Wait.");
    wait.observe(1.0);
    auto const before = wait.snapshot();
    wait.observe(4.0);
    auto since = wait.snapshot();
    since.subtract(before);
    CHECK(since.count() == 1);
    CHECK(since.sum() == 4.0);
}
