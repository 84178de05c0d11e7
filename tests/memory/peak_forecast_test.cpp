// SPDX-License-Identifier: MIT
#include "../../benchmarks/memory/foresight_workloads.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/peak_forecast.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using orfeas::memory::peak_forecast;
using orfeas::memory::peak_forecast_options;

namespace {

constexpr std::uint64_t gib = 1ULL << 30U;

peak_forecast after(std::vector<std::uint64_t> const& peaks) {
    peak_forecast forecast;
    for (auto const each : peaks) {
        forecast.observe(each);
    }
    return forecast;
}

std::vector<std::uint64_t> repeated(std::vector<std::uint64_t> const& period, std::size_t times) {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < times; ++i) {
        all.insert(all.end(), period.begin(), period.end());
    }
    return all;
}

/// Noise around 10 GiB that from step `since` on grows by 0.1 % of it a step.
std::uint64_t leaking(std::mt19937_64& random, double noise, int step, int since) {
    double const growth = step < since ? 1.0 : 1.0 + 0.001 * (step - since);
    return static_cast<std::uint64_t>(10.0 * gib * growth * (1 + std::normal_distribution<>{0, noise}(random)));
}

} // namespace

TEST_CASE("memory: a forecast knows nothing before the first step, and the level after it") {
    peak_forecast forecast;
    CHECK(forecast.steps() == 0);
    CHECK(forecast.next().expected_bytes == 0);
    CHECK(forecast.next().upper_bytes == 0);
    CHECK(forecast.slope() == 0);
    CHECK_FALSE(forecast.steps_to(gib).has_value());
    CHECK_FALSE(forecast.period().has_value());
    forecast.observe(gib);
    CHECK(forecast.next().expected_bytes == gib);
    CHECK(forecast.next().upper_bytes == gib);
    CHECK(after(std::vector<std::uint64_t>(50, 0)).next().upper_bytes == 0);
}

TEST_CASE("memory: a forecast finds the period and tells the step from the period's crest") {
    auto const forecast = after(repeated({6 * gib, 6 * gib, 6 * gib, 6 * gib, 2 * gib}, 30));
    CHECK(forecast.period() == 5U);
    CHECK(forecast.next().expected_bytes == 6 * gib);
    CHECK(forecast.next().horizon_bytes == 6 * gib);
    auto const before_the_low = after(repeated({6 * gib, 6 * gib, 2 * gib, 6 * gib, 6 * gib}, 8));
    CHECK(before_the_low.next().expected_bytes == 6 * gib);
    auto const at_the_low = after(repeated({2 * gib, 6 * gib, 6 * gib, 6 * gib, 6 * gib}, 8));
    CHECK(at_the_low.next().expected_bytes == 2 * gib);
    CHECK(at_the_low.next().horizon_bytes >= 6 * gib);
}

TEST_CASE("memory: a period of fifty steps is known after three of them, a trend set aside") {
    std::vector<std::uint64_t> peaks;
    for (std::size_t t = 0; t < 151; ++t) {
        peaks.push_back((t % 50 < 40 ? 8 : 5) * gib + t * gib / 200);
    }
    CHECK(after(peaks).period() == 50U);
}

TEST_CASE("memory: the next step's error stays within five per cent in nearly all steps, whatever the workload") {
    for (auto const kind : foresight::kinds) {
        for (std::uint64_t seed = 1; seed <= 12; ++seed) {
            auto const series = foresight::make_series(kind, seed);
            INFO(series.name << ", period " << series.period << ", jump at " << series.jump);
            auto const result = foresight::judge_forecast(series);
            CHECK(result.error_p95 <= 0.05);
            CHECK(result.covered >= 0.92);
        }
    }
}

TEST_CASE("memory: a leak is found within fifty steps, also after a long quiet time, and told how long it takes") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    for (int const quiet : {0, 200}) {
        peak_forecast forecast;
        int found = 0;
        for (int step = 0; step < quiet + 50; ++step) {
            forecast.observe(leaking(random, 0.004, step, quiet));
            if (found == 0 && forecast.growth().growing) {
                found = step;
            }
        }
        CHECK(found > quiet);
        CHECK(forecast.slope() > 0.0005 * 10 * gib);
        CHECK(forecast.slope() < 0.0015 * 10 * gib);
        auto const left = forecast.steps_to(11 * gib);
        REQUIRE(left.has_value());
        CHECK(*left > 20);
        CHECK(*left < 120);
        CHECK(forecast.steps_to(gib) == 0.0);
    }
}

TEST_CASE("memory: neither noise nor a larger batch is a leak") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        for (auto const kind : {foresight::kind::constant, foresight::kind::phase_change}) {
            auto const series = foresight::make_series(kind, seed, 2000);
            INFO(series.name);
            peak_forecast forecast;
            int alarms = 0;
            for (auto const each : series.peaks) {
                forecast.observe(each);
                alarms += forecast.growth().growing ? 1 : 0;
            }
            CHECK(alarms == 0);
        }
    }
}

TEST_CASE("memory: a forecast takes any value and the longest period that it may be given") {
    peak_forecast extreme{{.residuals = 20, .longest_period = 2}};
    for (std::uint64_t const each :
         {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{3}, ~std::uint64_t{0}}) {
        extreme.observe(each);
        CHECK(extreme.next().upper_bytes >= extreme.next().expected_bytes);
    }
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    peak_forecast longest{{.residuals = 1000, .longest_period = 1000}};
    for (int i = 0; i < 4000; ++i) {
        longest.observe(orfeas_test::log_uniform(random, ~std::uint64_t{0}));
        auto const next = longest.next();
        CHECK((next.upper_bytes >= next.expected_bytes && next.horizon_bytes >= next.upper_bytes));
    }
    CHECK_FALSE(longest.growth().growing);
}

TEST_CASE("memory: the options of a forecast are checked and read from the environment") {
    CHECK_THROWS_WITH(peak_forecast{{.quantile = 1.5}}, orfeas_test::contains("quantile"));
    CHECK_THROWS_WITH(peak_forecast{{.longest_period = 1}}, orfeas_test::contains("longest_period"));
    auto const read = orfeas::from_environment<peak_forecast_options>(
        {}, orfeas::environment{"ORFEAS_PEAK_FORECAST_LONGEST_PERIOD=100"});
    CHECK(read.longest_period == 100);
    CHECK_THAT(orfeas::to_json(peak_forecast{}.next()), orfeas_test::contains(R"("upper_bytes":0)"));
    CHECK_THAT(orfeas::to_json(peak_forecast{}.growth()), orfeas_test::contains(R"("growing":false)"));
}
