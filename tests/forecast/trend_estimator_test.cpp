// SPDX-License-Identifier: MIT
#include "forecast/random.hpp"
#include "support/catch.hpp"

#include <orfeas/forecast/trend_estimator.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>

using namespace orfeas::forecast;
using namespace std::chrono_literals;
using orfeas_test::coloured_noise;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// One value a minute for a day: `level` with noise of `spread`, plus a rise over the whole day.
trend_estimator day_of(double level, double spread, double rise, double phi = 0.5, unsigned seed = 1,
                       trend_options const& options = {}) {
    trend_estimator judge{options};
    coloured_noise noise{phi, seed};
    for (int i = 0; i < 1'440; ++i) {
        judge.update(i * 1min, level + spread * noise() + rise * i / 1'440);
    }
    return judge;
}

trend_options better(char const* polarity) {
    trend_options options;
    options.polarity = polarity;
    return options;
}

} // namespace

TEST_CASE("forecast: a rise is degrading or improving by the metric's polarity, with its size") {
    auto const latency = day_of(100, 5, 20).assess();
    REQUIRE(latency);
    CHECK(latency->direction == trend_direction::degrading);
    CHECK(latency->confidence > 0.999);
    CHECK(latency->change_per_cent == Approx(18).margin(3)); // 20 of the mean, 110
    CHECK(latency->slope_per_hour == Approx(20.0 / 24).epsilon(0.15));
    CHECK(latency->hours == Approx(24).margin(0.5));
    CHECK(latency->recent_slopes_per_hour[0] == Approx(20.0 / 24).epsilon(0.3));
    auto const ratio = day_of(100, 5, 20, 0.5, 1, better("higher_is_better")).assess();
    CHECK(ratio->direction == trend_direction::improving);
    auto const falling = day_of(100, 5, -20, 0.5, 1, better("higher_is_better")).assess();
    CHECK(falling->direction == trend_direction::degrading);
    CHECK(falling->change_per_cent < 0);
    CHECK(to_string(falling->direction) == "degrading");
}

TEST_CASE("forecast: noise has no trend, however correlated") {
    for (double const phi : {0.0, 0.5, 0.8, 0.95}) {
        int named = 0;
        for (unsigned seed = 1; seed <= 300; ++seed) {
            named += day_of(50, 2, 0, phi, seed).assess()->direction != trend_direction::stable ? 1 : 0;
        }
        INFO("phi " << phi << ", seeds 1 to 300");
        CHECK(named <= 27); // 5 % of 300 is 15; 27 is three standard deviations more
    }
}

TEST_CASE("forecast: a constant series is stable") {
    trend_estimator judge;
    for (int i = 0; i < 1'440; ++i) {
        judge.update(i * 1min, 7);
    }
    auto const said = judge.assess();
    REQUIRE(said);
    CHECK(said->direction == trend_direction::stable);
    CHECK(said->confidence == 0.5);
    CHECK(said->change_per_cent == 0);
    auto const ahead = judge.forecast(1h);
    CHECK(ahead->point == 7);
    CHECK(ahead->low == 7);
    CHECK(ahead->high == 7);
}

TEST_CASE("forecast: a trend is found before the lookback has passed, and forgotten after it") {
    trend_estimator judge;
    coloured_noise noise{0, 4};
    CHECK_FALSE(judge.assess());
    for (int i = 0; i < 120; ++i) {
        judge.update(i * 1min, 10 + 0.1 * noise() + 0.02 * i);
    }
    REQUIRE(judge.warm());
    CHECK(judge.assess()->direction == trend_direction::degrading);
    CHECK(judge.assess()->hours == Approx(2).margin(0.1));
    for (int i = 120; i < 120 + 2 * 1'440; ++i) {
        judge.update(i * 1min, 12.4 + 0.1 * noise());
    }
    CHECK(judge.assess()->direction == trend_direction::stable);
    CHECK(judge.assess()->hours < 24.1);
}

TEST_CASE("forecast: a trend is continued, with a band") {
    auto const judge = day_of(100, 1, 24);
    auto const ahead = judge.forecast(2h);
    REQUIRE(ahead);
    CHECK(ahead->point == Approx(126).margin(1.5));
    CHECK(ahead->low < ahead->point);
    CHECK(ahead->point < ahead->high);
    CHECK_FALSE(judge.forecast(-1s));
    CHECK_FALSE(trend_estimator{}.forecast(1h));
    CHECK(day_of(100, 1, 0).forecast(2h)->point == Approx(100).margin(0.5));
}

TEST_CASE("forecast: scale and shift change no trend") {
    auto const here = day_of(100, 5, 8).assess();
    for (double const scale : {1e-12, 1e12, 1e-80, 1e80}) {
        auto const there = day_of(100 * scale, 5 * scale, 8 * scale).assess();
        CHECK(there->direction == here->direction);
        CHECK(there->confidence == Approx(here->confidence));
        CHECK(there->change_per_cent == Approx(here->change_per_cent).epsilon(1e-6));
    }
    auto const about_zero = day_of(0, 5, 8).assess();
    CHECK(about_zero->direction == here->direction);
    CHECK(std::isfinite(about_zero->change_per_cent));
}

TEST_CASE("forecast: a trend estimator bears gaps, values that are none and times that do not advance") {
    trend_estimator plain;
    trend_estimator disturbed;
    coloured_noise noise{0.5, 9};
    for (int i = 0; i < 1'440; ++i) {
        double const value = 10 + noise() + 0.002 * i;
        plain.update(i * 1min, value);
        disturbed.update(i * 1min, value);
        disturbed.update(i * 1min + 1s, not_a_number);
        disturbed.update(i * 1min + 1s, HUGE_VAL);
        disturbed.update(i * 1min, 1e9);
        disturbed.update((i - 1) * 1min, -1e9);
    }
    CHECK(disturbed.assess() == plain.assess());
    plain.update(1'440min + 12h, 20); // a gap: what is older than the lookback leaves
    REQUIRE(plain.assess());
    CHECK(plain.assess()->hours < 25);
    plain.update(2'000h, 20);
    CHECK_FALSE(plain.assess());
    plain.update(std::chrono::nanoseconds::max(), 20);
    plain.update(std::chrono::nanoseconds::min(), 20);
    CHECK_FALSE(plain.assess());
}

TEST_CASE("forecast: a trend estimator is saved, loaded and continued without a difference") {
    std::vector<double> values;
    coloured_noise noise{0.8, 2};
    for (int i = 0; i < 3'000; ++i) {
        values.push_back(i % 97 == 0 ? not_a_number : noise());
    }
    auto const feed = [&](trend_estimator& judge, std::size_t i) { judge.update(i * 1min, values[i]); };
    CHECK(orfeas_test::goes_on_after_load(trend_estimator{}, values.size(), feed));
    auto full = day_of(1, 1, 1);
    CHECK(orfeas_test::refuses_damage(full, trend_estimator{}));
    full.reset();
    CHECK(orfeas_test::saved(full) == orfeas_test::saved(trend_estimator{}));
}

TEST_CASE("forecast: options of a trend estimator that make no sense are refused") {
    CHECK_THROWS_AS(trend_estimator{better("blue")}, orfeas::option_error);
    trend_options options;
    options.false_trends = 0;
    CHECK_THROWS_AS(trend_estimator{options}, orfeas::option_error);
    options = {};
    options.lookback = 0s;
    CHECK_THROWS_AS(trend_estimator{options}, orfeas::option_error);
}
