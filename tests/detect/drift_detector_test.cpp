// SPDX-License-Identifier: MIT
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/drift_detector.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

using namespace orfeas::detect;
using namespace orfeas_test;

TEST_CASE("detect: what holds for all detectors holds for drifts") {
    drift_options other;
    other.threshold = 20;
    check_all<drift_detector>(drift_options{}, other, {5, 6, 8, 12, 20, 40, 60});
}

TEST_CASE("detect: a slow rise and a slow fall are found, with their direction, onset and slope") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    for (double const sign : {1.0, -1.0}) {
        auto values = daily_wave(random, 2'150);
        for (std::size_t i = 2'000; i < values.size(); ++i) { // 9 sigma in 750 minutes
            values[i] += sign * 0.012 * static_cast<double>(i - 2'000);
        }
        drift_detector judge;
        auto const verdicts = judged(judge, values);
        CHECK(judge.warm());
        CHECK(starts(std::span{verdicts}.first(2'000)) == 0);
        CHECK(starts(std::span{verdicts}.subspan(2'000, 60)) == 1);
        auto const at = std::find_if(verdicts.begin(), verdicts.end(),
                                     [](verdict const& each) { return each.alert.phase == alert_phase::starts; });
        REQUIRE(at != verdicts.end());
        CHECK(at->family == anomaly_family::drift);
        CHECK(at->score >= 0.5);
        CHECK(at->tail_probability < 0.05);
        CHECK(judge.direction() == (sign > 0 ? 1 : -1));
        auto const onset = std::chrono::duration_cast<std::chrono::minutes>(judge.onset()).count() / 5;
        CHECK(onset >= 1'990);
        CHECK(onset <= 2'050);
        CHECK(judge.slope() * sign == Approx(0.012 / 300).epsilon(0.3));
    }
}

TEST_CASE("detect: no drift is seen in a daily wave, in noise that goes together, or in a walk") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    drift_detector judge;
    CHECK(starts(judged(judge, daily_wave(random, 8'000))) == 0);
    CHECK(judge.direction() >= -1);
    std::normal_distribution<> noise;
    std::vector<double> values;
    double now = 0;
    for (int i = 0; i < 8'000; ++i) {
        now = 0.9 * now + noise(random);
        values.push_back(now);
    }
    judge = drift_detector{};
    CHECK(starts(judged(judge, values)) <= 2);
    for (auto& each : values) {
        now += noise(random);
        each = now;
    }
    judge = drift_detector{};
    CHECK(starts(judged(judge, values)) <= 4);
}

TEST_CASE("detect: what has drifted and stays is usual after a while, and said once") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = daily_wave(random, 4'000);
    for (std::size_t i = 2'000; i < values.size(); ++i) {
        values[i] += 2;
    }
    drift_detector judge;
    auto const verdicts = judged(judge, values);
    CHECK(starts(std::span{verdicts}.first(2'000)) == 0);
    CHECK(starts(std::span{verdicts}.subspan(2'000)) == 1);
    CHECK_FALSE(verdicts[2'400].alert);
    CHECK(verdicts.back().expected == Approx(values.back()).margin(1));
}

TEST_CASE("detect: a drift in a flat line is an alert") {
    drift_detector judge;
    judged(judge, std::vector<double>(1'000, 7));
    CHECK(starts(judged(judge, std::vector<double>(100, 9), 1'000)) == 1);
}

TEST_CASE("detect: options of a drift detector are checked") {
    CHECK_THROWS_AS(drift_detector{drift_options{.threshold = 1}}, orfeas::option_error);
    CHECK_THROWS_AS(drift_detector{drift_options{.warm_up = 1}}, orfeas::option_error);
    CHECK_THROWS_AS(drift_detector{drift_options{.period = std::chrono::milliseconds{0}}}, orfeas::option_error);
    auto const read = orfeas::from_environment<drift_options>({}, {"ORFEAS_DRIFT_THRESHOLD=15"});
    CHECK(read.threshold == 15);
}
