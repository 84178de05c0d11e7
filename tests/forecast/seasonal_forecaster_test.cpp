// SPDX-License-Identifier: MIT
#include "forecast/random.hpp"
#include "support/catch.hpp"

#include <orfeas/forecast/seasonal_forecaster.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace orfeas::forecast;
using namespace std::chrono_literals;
using orfeas_test::coloured_noise;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double turn = 6.283185307179586;

/// A day's wave of 5 min steps about 10, without noise.
double wave(int i) {
    return 10 + 4 * std::sin(turn * i / 288);
}

seasonal_options on(char const* scale) {
    seasonal_options options;
    options.scale = scale;
    return options;
}

} // namespace

TEST_CASE("forecast: a daily wave is foretold hours ahead from its third day") {
    seasonal_forecaster judge;
    coloured_noise noise{0.3, 1};
    int i = 0;
    for (; i < 5 * 288; ++i) {
        judge.update(i * 5min, wave(i) + 0.1 * noise());
    }
    double worst = 0;
    for (; i < 6 * 288; ++i) {
        judge.update(i * 5min, wave(i) + 0.1 * noise());
        for (int const steps : {1, 12, 36}) {
            auto const said = judge.forecast(steps * 5min);
            REQUIRE(said);
            worst = std::max(worst, std::abs(said->point - wave(i + steps)));
        }
    }
    CHECK(worst < 1); // three hours of the wave are up to 5.6
}

TEST_CASE("forecast: the band holds what it says for noise of any shape") {
    for (int const shape : {0, 1, 2}) {
        seasonal_forecaster judge;
        coloured_noise noise{0, 11};
        double within = 0;
        double told = 0;
        std::optional<prediction> said;
        for (int i = 0; i < 6'000; ++i) {
            double const z = noise();
            double const value = shape == 0 ? z : shape == 1 ? std::exp(z) : z * z * z;
            if (said && i > 1'000) {
                within += said->low <= value && value <= said->high ? 1 : 0;
                told += 1;
            }
            judge.update(i * 5min, value);
            said = judge.forecast(5min);
        }
        INFO("shape " << shape << ", seed 11");
        CHECK(within / told == Approx(0.8).margin(0.05));
    }
}

TEST_CASE("forecast: constant values are continued without a band") {
    seasonal_forecaster judge;
    CHECK_FALSE(judge.forecast(5min));
    for (int i = 0; i < 1'000; ++i) {
        judge.update(i * 5min, 3);
    }
    auto const said = judge.forecast(1h);
    REQUIRE(said);
    CHECK(said->point == 3);
    CHECK(said->low == 3);
    CHECK(said->high == 3);
    CHECK_FALSE(judge.forecast(-1ns));
}

TEST_CASE("forecast: values within a step are averaged") {
    seasonal_forecaster judge;
    for (int i = 0; i < 1'000; ++i) {
        judge.update(i * 1min, i % 5 == 0 ? 10 : 0);
    }
    CHECK(judge.forecast(10min)->point == Approx(2).epsilon(0.01));
}

TEST_CASE("forecast: shares stay shares and latencies above zero") {
    seasonal_forecaster shares{on("logit")};
    seasonal_forecaster latencies{on("log")};
    coloured_noise noise{0.5, 7};
    for (int i = 0; i < 2'000; ++i) {
        shares.update(i * 5min, 1 / (1 + std::exp(-4 - 2 * noise())));
        latencies.update(i * 5min, std::exp(3 * noise()));
    }
    for (auto const horizon : {5min, 60min, 24 * 60min}) {
        auto const share = shares.forecast(horizon);
        CHECK(share->low >= 0);
        CHECK(share->low <= share->point);
        CHECK(share->point <= share->high);
        CHECK(share->high <= 1);
        auto const latency = latencies.forecast(horizon);
        CHECK(latency->low > 0);
        CHECK(latency->low < latency->point);
        CHECK(std::isfinite(latency->high));
    }
    CHECK(scale_of("logit") == value_scale::logit);
    CHECK(scale_of("log") == value_scale::log);
}

TEST_CASE("forecast: what a scale has no place for is left out") {
    seasonal_forecaster plain{on("logit")};
    seasonal_forecaster disturbed{on("logit")};
    seasonal_forecaster latencies{on("log")};
    for (int i = 0; i < 500; ++i) {
        double const value = i % 10 == 0 ? 1 : 0.9;
        plain.update(i * 5min, value);
        disturbed.update(i * 5min, value);
        for (double const none : {not_a_number, HUGE_VAL, -0.1, 1.1}) {
            disturbed.update(i * 5min + 1s, none);
        }
        disturbed.update(i * 5min, 0.1);
        disturbed.update((i - 1) * 5min, 0.1);
        latencies.update(i * 5min, 0);
        latencies.update(i * 5min + 1s, -1);
    }
    CHECK(disturbed.forecast(5min) == plain.forecast(5min));
    CHECK_FALSE(latencies.warm());
    plain.update(501 * 5min, 0);
    plain.update(502 * 5min, 1);
    CHECK(plain.forecast(5min)->point > 0);
}

TEST_CASE("forecast: a seasonal forecaster bears gaps and times of any kind") {
    seasonal_forecaster judge;
    coloured_noise noise{0.5, 3};
    for (int i = 0; i < 2'000; ++i) {
        judge.update(i * 5min + (i >= 1'000 ? 72h : 0h), wave(i) + noise());
    }
    CHECK(judge.forecast(1h)->point == Approx(wave(2'012)).margin(3));
    for (auto const time : {std::chrono::nanoseconds::max(), std::chrono::nanoseconds::min(), -5ns, 0ns}) {
        for (int i = 0; i < 20; ++i) {
            judge.update(time, 10);
        }
        auto const said = judge.forecast(std::chrono::nanoseconds::max());
        REQUIRE(said);
        CHECK(std::isfinite(said->point));
        CHECK(std::isfinite(said->low));
        CHECK(std::isfinite(said->high));
    }
}

TEST_CASE("forecast: scale changes no seasonal forecast") {
    for (double const scale : {1e-12, 1e12}) {
        seasonal_forecaster here;
        seasonal_forecaster there;
        coloured_noise noise{0.5, 5};
        for (int i = 0; i < 1'500; ++i) {
            double const value = wave(i) + noise();
            here.update(i * 5min, value);
            there.update(i * 5min, scale * value);
        }
        CHECK(there.forecast(1h)->point / scale == Approx(here.forecast(1h)->point).epsilon(1e-6));
        CHECK(there.forecast(1h)->high / scale == Approx(here.forecast(1h)->high).epsilon(1e-6));
    }
}

TEST_CASE("forecast: a seasonal forecaster is saved, loaded and continued without a difference") {
    std::vector<double> values;
    coloured_noise noise{0.8, 2};
    for (int i = 0; i < 1'000; ++i) {
        values.push_back(i % 97 == 0 ? not_a_number : wave(i) + noise());
    }
    auto const feed = [&](seasonal_forecaster& judge, std::size_t i) { judge.update(i * 5min, values[i]); };
    CHECK(orfeas_test::goes_on_after_load(seasonal_forecaster{}, values.size(), feed));
    seasonal_forecaster full;
    for (std::size_t i = 0; i < values.size(); ++i) {
        feed(full, i);
    }
    CHECK(orfeas_test::refuses_damage(full, seasonal_forecaster{}));
    full.reset();
    CHECK(orfeas_test::saved(full) == orfeas_test::saved(seasonal_forecaster{}));
}

TEST_CASE("forecast: options of a seasonal forecaster that make no sense are refused") {
    CHECK_THROWS_AS(seasonal_forecaster{on("square")}, orfeas::option_error);
    seasonal_options options;
    options.step = 7min;
    CHECK_THROWS_AS(seasonal_forecaster{options}, orfeas::option_error);
    options.step = 24h;
    CHECK_THROWS_AS(seasonal_forecaster{options}, orfeas::option_error);
    options.step = 1ms;
    CHECK_THROWS_AS(seasonal_forecaster{options}, orfeas::option_error);
}
