// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/season_detector.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

using namespace orfeas::detect;
using namespace orfeas_test;

TEST_CASE("detect: what holds for all detectors holds for seasons") {
    auto const seed = test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    season_detector const fresh;
    season_options other;
    other.threshold = 20;
    SECTION("flat lines") {
        check_flat(fresh);
    }
    SECTION("scale") {
        check_scale(fresh);
    }
    SECTION("values that are not finite") {
        check_not_finite(fresh, seed);
    }
    SECTION("missing values") {
        check_policies<season_detector>(season_options{}, seed);
    }
    SECTION("any input") {
        check_any_input<season_detector>(season_options{}, seed);
    }
    SECTION("thresholds") {
        check_threshold<season_detector>(season_options{}, {3, 4, 6, 8, 12, 20, 40, 60}, seed);
    }
    SECTION("state") {
        check_state(fresh, season_detector{other}, seed);
    }
    SECTION("reset") {
        check_reset(fresh);
    }
}

TEST_CASE("detect: a day that runs late is found though its values are usual") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = daily_wave(random, 2'880);
    for (std::size_t i = 2'200; i < 2'320; ++i) { // two hours late, for ten hours
        values[i] += 3 * (std::sin(static_cast<double>(i - 24) * 6.283185307 / 288) -
                          std::sin(static_cast<double>(i) * 6.283185307 / 288));
    }
    season_detector judge;
    auto const verdicts = judged(judge, values);
    CHECK(judge.has_profile());
    CHECK(starts(std::span{verdicts}.first(2'200)) == 0);
    CHECK(starts(std::span{verdicts}.subspan(2'200, 120)) == 1);
    CHECK(starts(std::span{verdicts}.subspan(2'332)) == 0);
    for (auto const& each : verdicts) {
        if (each.alert.phase == alert_phase::starts) {
            CHECK(each.family == anomaly_family::season);
            CHECK(each.score >= 0.5);
        }
    }
}

TEST_CASE("detect: where there is no period, no break of one is told") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    std::normal_distribution<> noise;
    std::vector<double> values;
    for (int i = 0; i < 6'000; ++i) {
        values.push_back(noise(random) + (i > 3'000 && i < 3'200 ? 5 : 0));
    }
    season_detector judge;
    CHECK(starts(judged(judge, values)) == 0);
    CHECK_FALSE(judge.has_profile());
}

TEST_CASE("detect: a new daily course is learned after a while") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = daily_wave(random, 6'000);
    for (std::size_t i = 2'880; i < values.size(); ++i) { // from here on three hours late
        values[i] += 3 * (std::sin(static_cast<double>(i - 36) * 6.283185307 / 288) -
                          std::sin(static_cast<double>(i) * 6.283185307 / 288));
    }
    season_detector judge;
    auto const verdicts = judged(judge, values);
    CHECK(starts(std::span{verdicts}.first(2'880)) == 0);
    CHECK(starts(std::span{verdicts}.subspan(2'880, 200)) >= 1);
    CHECK(starts(std::span{verdicts}.subspan(4'500)) == 0);
}

TEST_CASE("detect: the period may be another one") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    std::normal_distribution<> noise{0, 0.2};
    season_options options;
    options.period = std::chrono::hours{2};
    season_detector judge{options};
    std::size_t found = 0;
    for (int second = 0; second < 10 * 7'200; second += 5) {
        double const phase = second > 60'000 && second < 64'000 ? 900 : 0;
        double const value = 3 * std::sin((second - phase) * 6.283185307 / 7'200) + noise(random);
        auto const said = judge.update({std::chrono::seconds{second}, value});
        if (said.alert.phase == alert_phase::starts) {
            ++found;
            CHECK(second > 60'000);
        }
    }
    CHECK(found >= 1);
}

TEST_CASE("detect: options of a season detector are checked") {
    CHECK_THROWS_AS(season_detector{season_options{.threshold = 1}}, orfeas::option_error);
    CHECK_THROWS_AS(season_detector{season_options{.period = std::chrono::milliseconds{0}}}, orfeas::option_error);
    auto const read = orfeas::from_environment<season_options>({}, {"ORFEAS_SEASON_THRESHOLD=15"});
    CHECK(read.threshold == 15);
}
