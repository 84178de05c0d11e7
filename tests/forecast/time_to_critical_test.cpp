// SPDX-License-Identifier: MIT
#include "forecast/random.hpp"
#include "support/catch.hpp"

#include <orfeas/forecast/time_to_critical.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>

using namespace orfeas::forecast;
using namespace std::chrono_literals;
using orfeas_test::coloured_noise;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A level of 0.4 with some noise; from `begin` on it rises by `slope` a minute. One value in 10 s.
struct filling {
    double slope = 0.005;
    std::size_t begin = 360;
    double scale = 1;
    coloured_noise noise{0.5, 3};

    double operator()(std::size_t i) {
        double const since = i > begin ? static_cast<double>(i - begin) / 6 : 0;
        return scale * (0.4 + 0.004 * noise() + slope * since);
    }
};

time_to_critical fed(filling memory, std::size_t count, time_to_critical_options const& options = {}) {
    time_to_critical judge{options};
    for (std::size_t i = 0; i < count; ++i) {
        judge.update(i * 10s, memory(i));
    }
    return judge;
}

time_to_critical_options scaled(double scale) {
    time_to_critical_options options;
    options.critical = 0.9 * scale;
    return options;
}

} // namespace

TEST_CASE("forecast: a filling memory is told in time, with an interval and an advice to clean up") {
    // 0.5 is left at 0.005 a minute: 100 min; after 80 of them 20 remain
    auto const said = fed({}, 360 + 480).estimate();
    REQUIRE(said);
    CHECK(said.minutes > 12);
    CHECK(said.minutes < 25);
    CHECK(said.low < 20);
    CHECK(said.high > 20);
    CHECK(said.low < said.minutes);
    CHECK(said.minutes < said.high);
    CHECK(said.confidence >= 0.75);
    CHECK(said.confidence <= 1);
    CHECK(said.cleanup_advised);
    auto const early = fed({}, 360 + 240).estimate();
    REQUIRE(early);
    CHECK(early.minutes > said.minutes);
    CHECK(early.confidence < said.confidence);
    CHECK_FALSE(early.cleanup_advised);
}

TEST_CASE("forecast: a level that is reached is told as such") {
    auto const said = fed({}, 360 + 640).estimate();
    REQUIRE(said);
    CHECK(said.reached);
    CHECK(said.minutes == 0);
    CHECK(said.confidence == 1);
    CHECK(said.cleanup_advised);
}

TEST_CASE("forecast: time to critical abstains with the reason") {
    SECTION("nothing yet") {
        CHECK(time_to_critical{}.estimate().reason == abstention::warming);
        CHECK(fed({}, 20).estimate().reason == abstention::warming);
    }
    SECTION("falling") {
        CHECK(fed({.slope = -0.001}, 800).estimate().reason == abstention::not_approaching);
    }
    SECTION("constant") {
        time_to_critical judge;
        for (int i = 0; i < 1'000; ++i) {
            judge.update(i * 10s, 0.5);
        }
        CHECK(judge.estimate().reason == abstention::not_approaching);
    }
    SECTION("a rise that would take days") {
        CHECK(fed({.slope = 0.0015}, 360 + 200).estimate().reason == abstention::too_far);
    }
    SECTION("noise alone: no alarm in a day") {
        int alarms = 0;
        time_to_critical judge;
        coloured_noise noise{0.9, 5};
        for (int i = 0; i < 8'640; ++i) {
            judge.update(i * 10s, 0.5 + 0.02 * noise());
            auto const said = judge.estimate();
            alarms += said && said.minutes < 25 ? 1 : 0;
        }
        CHECK(alarms == 0);
    }
    SECTION("a collector's saw-tooth: once its habit is known there is no alarm") {
        int alarms = 0;
        time_to_critical judge;
        for (int i = 0; i < 8'640; ++i) {
            judge.update(i * 10s, 0.5 + 0.15 * (i % 120) / 120.0); // a rise of 0.15 in 20 min
            auto const said = judge.estimate();
            alarms += i > 720 && said && said.minutes < 25 ? 1 : 0;
        }
        CHECK(alarms == 0);
        CHECK(judge.estimate().reason != abstention::none);
    }
    SECTION("the reasons have names") {
        CHECK(to_string(abstention::usual_move) == "usual_move");
        CHECK(to_string(abstention::too_far) == "too_far");
    }
}

TEST_CASE("forecast: a draining metric is the mirror of a filling one") {
    auto options = scaled(1);
    options.critical = 0.1;
    options.polarity = "higher_is_better";
    time_to_critical draining{options};
    time_to_critical filling_up;
    filling memory;
    for (std::size_t i = 0; i < 840; ++i) {
        double const value = memory(i);
        filling_up.update(i * 10s, value);
        draining.update(i * 10s, 1 - value);
    }
    REQUIRE(draining.estimate());
    CHECK(draining.estimate().minutes == Approx(filling_up.estimate().minutes).epsilon(1e-6));
    auto const ahead = draining.forecast(10min);
    auto const mirrored = filling_up.forecast(10min);
    REQUIRE(ahead);
    CHECK(ahead->point == Approx(1 - mirrored->point).epsilon(1e-6));
    CHECK(ahead->low == Approx(1 - mirrored->high).epsilon(1e-6));
}

TEST_CASE("forecast: scale changes no verdict") {
    for (double const scale : {1e-12, 1e12, 1e-80, 1e80}) {
        auto const here = fed({}, 800).estimate();
        auto const there = fed({.scale = scale}, 800, scaled(scale)).estimate();
        REQUIRE(there);
        CHECK(there.minutes == Approx(here.minutes).epsilon(1e-6));
        CHECK(there.confidence == Approx(here.confidence).epsilon(1e-6));
    }
}

TEST_CASE("forecast: the value itself is forecast with a band that widens") {
    auto const judge = fed({}, 360 + 300);
    auto const soon = judge.forecast(1min);
    auto const later = judge.forecast(20min);
    REQUIRE(soon);
    REQUIRE(later);
    CHECK(soon->low <= soon->point);
    CHECK(soon->point <= soon->high);
    CHECK(later->high - later->low > soon->high - soon->low);
    CHECK(later->point == Approx(0.4 + 0.005 * 70).margin(0.03));
    CHECK(later->level == 0.8);
    CHECK_FALSE(judge.forecast(-1ns));
    CHECK_FALSE(time_to_critical{}.forecast(1min));
}

TEST_CASE("forecast: values that are none and times that do not advance change nothing") {
    filling memory;
    time_to_critical plain;
    time_to_critical disturbed;
    for (std::size_t i = 0; i < 800; ++i) {
        double const value = memory(i);
        plain.update(i * 10s, value);
        disturbed.update(i * 10s, value);
        if (i % 7 == 0) {
            for (double const none : {not_a_number, HUGE_VAL, -HUGE_VAL, 1e101}) {
                disturbed.update(i * 10s + 1s, none);
            }
            disturbed.update(i * 10s, 0.99);       // a duplicate
            disturbed.update((i - 1) * 10s, 0.01); // from before
        }
    }
    CHECK(disturbed.estimate() == plain.estimate());
}

TEST_CASE("forecast: a clock that is set back costs a few values") {
    filling memory;
    time_to_critical judge;
    for (std::size_t i = 0; i < 800; ++i) {
        judge.update(i * 10s - (i >= 500 ? 24h : 0h), memory(i));
    }
    auto const said = judge.estimate();
    REQUIRE(said);
    CHECK(said.minutes < 40);
}

TEST_CASE("forecast: after a long gap a forecast needs new values") {
    auto judge = fed({}, 800);
    REQUIRE(judge.estimate());
    judge.update(800 * 10s + 2h, 0.5);
    CHECK(judge.estimate().reason == abstention::warming);
    CHECK_FALSE(judge.warm());
    for (int i = 1; i < 100; ++i) {
        judge.update(800 * 10s + 2h + i * 10s, 0.5);
    }
    CHECK(judge.estimate().reason == abstention::not_approaching);
    judge.update(std::chrono::nanoseconds::max(), 0.5); // 292 years: no overflow
    CHECK(judge.estimate().reason == abstention::warming);
}

TEST_CASE("forecast: time to critical is saved, loaded and continued without a difference") {
    filling memory;
    std::vector<double> values;
    for (std::size_t i = 0; i < 900; ++i) {
        values.push_back(i % 50 == 0 ? not_a_number : memory(i));
    }
    auto const feed = [&](time_to_critical& judge, std::size_t i) { judge.update(i * 10s, values[i]); };
    CHECK(orfeas_test::goes_on_after_load(time_to_critical{}, values.size(), feed));
    CHECK(orfeas_test::refuses_damage(fed({}, 800), time_to_critical{}));
    auto judge = fed({}, 800);
    judge.reset();
    CHECK(orfeas_test::saved(judge) == orfeas_test::saved(time_to_critical{}));
    time_to_critical other{scaled(2)};
    auto const bytes = orfeas_test::saved(fed({}, 800));
    orfeas::state_reader in{bytes};
    CHECK(other.load(in) == orfeas::state_error::other_options);
}

TEST_CASE("forecast: options of time to critical that make no sense are refused") {
    CHECK_THROWS_AS(time_to_critical{scaled(not_a_number)}, orfeas::option_error);
    time_to_critical_options options;
    options.half_life = 0ms;
    CHECK_THROWS_AS(time_to_critical{options}, orfeas::option_error);
    options = {};
    options.polarity = "sideways";
    CHECK_THROWS_AS(time_to_critical{options}, orfeas::option_error);
}
