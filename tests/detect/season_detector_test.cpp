// SPDX-License-Identifier: MIT
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/season_detector.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <ratio>
#include <span>
#include <vector>

using namespace orfeas::detect;
using namespace orfeas_test;

TEST_CASE("detect: what holds for all detectors holds for seasons") {
    season_options other;
    other.threshold = 20;
    check_all<season_detector>(season_options{}, other, {3, 4, 6, 8, 12, 20, 40, 60});
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

TEST_CASE("detect: a day with steep flanks is learned, and told of when it runs late") {
    constexpr std::size_t day = 1'440;
    for (double const sigma : {0.05, 0.5}) {
        for (std::size_t const length : {120U, 540U}) { // minutes: a job, office hours
            for (std::size_t const begin : {0U, 500U, 1'300U}) {
                INFO(sigma << ' ' << length << ' ' << begin);
                std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
                std::normal_distribution<> noise{0, sigma};
                std::vector<double> values;
                for (std::size_t i = 0; i < 14 * day; ++i) {
                    std::size_t const late = i / day == 12 ? 360 : 0;
                    bool const runs = (i % day + 2 * day - begin - late) % day < length;
                    values.push_back((runs ? 6 : 0) + noise(random));
                }
                season_detector judge;
                std::size_t before = 0;
                std::size_t after = 0;
                for (std::size_t i = 0; i < values.size(); ++i) {
                    auto const said = judge.update({std::chrono::minutes{i}, values[i]});
                    bool const is_start = said.alert.phase == alert_phase::starts;
                    (i < 12 * day ? before : after) += is_start ? 1U : 0U;
                }
                CHECK(before <= 1); // while it is new
                CHECK(after >= 1);
            }
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

namespace {

season_options finding() {
    season_options made;
    made.period = std::chrono::milliseconds{0};
    return made;
}

double in_minutes(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::ratio<60>>{time}.count();
}

/// Samples of one a minute with a wave of a period of so many, which is late in the last but one period.
struct minutely_wave {
    double period;
    std::size_t periods;
    double sigma = 1;

    std::size_t size() const { return static_cast<std::size_t>(period * static_cast<double>(periods)); }
    bool is_broken(std::size_t i) const {
        double const lap = static_cast<double>(i) / period - static_cast<double>(periods);
        return lap >= -2 && lap < -1.4;
    }
    std::vector<double> values(std::mt19937_64& random) const {
        std::normal_distribution<> noise{0, sigma};
        std::vector<double> made;
        for (std::size_t i = 0; i < size(); ++i) {
            double const lap = static_cast<double>(i) / period - (is_broken(i) ? 0.25 : 0);
            made.push_back(10 + 3 * std::sin(6.283185307 * lap) + noise(random));
        }
        return made;
    }
};

template<class D>
std::vector<verdict> judged_minutely(D& judge, std::vector<double> const& values) {
    std::vector<verdict> made;
    for (std::size_t i = 0; i < values.size(); ++i) {
        made.push_back(judge.update({std::chrono::minutes{i}, values[i]}));
    }
    return made;
}

} // namespace

TEST_CASE("detect: what holds for all detectors holds where the period is found") {
    check_all<season_detector>(finding(), season_options{}, {3, 4, 6, 8, 12, 20, 40, 60});
}

TEST_CASE("detect: a period is found, and a break of it is alerted of") {
    for (double const period : {360.0, 400.0, 1'234.5}) { // six hours, and none of the clock's
        INFO(period);
        std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
        minutely_wave const wave{period, 30};
        season_detector judge{finding()};
        auto const verdicts = judged_minutely(judge, wave.values(random));
        CHECK(in_minutes(judge.period()) == Approx(period).epsilon(0.002));
        CHECK((period != 360 || judge.period() == std::chrono::hours{6}));
        CHECK(judge.has_profile());
        std::size_t right = 0;
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < verdicts.size(); ++i) {
            if (verdicts[i].alert.phase == alert_phase::starts) {
                (wave.is_broken(i) ? right : wrong) += 1;
            }
        }
        CHECK(right == 1);
        CHECK(wrong <= 1);
    }
}

TEST_CASE("detect: a period is found within nine of it, and none where there is none") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    minutely_wave const wave{400, 9};
    season_detector judge{finding()};
    CHECK(judge.period() == std::chrono::nanoseconds{0});
    judged_minutely(judge, wave.values(random));
    CHECK(judge.period() > std::chrono::nanoseconds{0});
    CHECK(season_detector{}.period() == std::chrono::hours{24});
    for (double const phi : {0.0, 0.9, 0.99}) { // slow noise has peaks that do not last
        INFO(phi);
        std::normal_distribution<> noise;
        double now = 0;
        std::vector<double> values;
        for (int i = 0; i < 40'000; ++i) {
            now = phi * now + std::sqrt(1 - phi * phi) * noise(random);
            values.push_back(now);
        }
        season_detector none{finding()};
        CHECK(starts(judged_minutely(none, values)) == 0);
        CHECK_FALSE(none.has_profile());
    }
}

TEST_CASE("detect: a week takes the place of a day, and another period that of one that is gone") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    std::normal_distribution<> noise{0, 0.3};
    season_detector weekly{finding()};
    for (int i = 0; i < 70 * 288; ++i) { // every five minutes
        double const weight = i / 288 % 7 < 5 ? 3 : 0.6;
        double const value = weight * std::sin(i * 6.283185307 / 288) + noise(random);
        weekly.update({std::chrono::minutes{5 * i}, value});
        if (i == 10 * 288) {
            CHECK(weekly.period() == std::chrono::hours{24});
        }
    }
    CHECK(weekly.period() == std::chrono::hours{168});
    season_detector changing{finding()};
    for (int i = 0; i < 60'000; ++i) {
        double const value = 3 * std::sin(i * 6.283185307 / (i < 20'000 ? 360 : 250)) + noise(random);
        changing.update({std::chrono::minutes{i}, value});
        if (i == 20'000) {
            CHECK(changing.period() == std::chrono::hours{6});
        }
    }
    CHECK(in_minutes(changing.period()) == Approx(250).epsilon(0.01));
}

TEST_CASE("detect: a found period is saved, and gaps do not move it") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    minutely_wave const wave{400, 16};
    auto const values = wave.values(random);
    season_detector whole{finding()};
    season_detector again{finding()};
    for (std::size_t i = 0; i < values.size(); ++i) {
        bool const is_missing = i % 700 >= 680;
        sample const each{std::chrono::minutes{i}, is_missing ? not_a_number : values[i]};
        REQUIRE(whole.update(each) == again.update(each));
        if (i % 487 == 0) {
            auto const bytes = saved(whole);
            season_detector taken{finding()};
            orfeas::state_reader in{bytes};
            REQUIRE_FALSE(taken.load(in));
            again = taken;
        }
    }
    CHECK(saved(whole) == saved(again));
    CHECK(in_minutes(whole.period()) == Approx(400).epsilon(0.01));
}

TEST_CASE("detect: options of a season detector are checked") {
    CHECK_THROWS_AS(season_detector{season_options{.threshold = 1}}, orfeas::option_error);
    CHECK_THROWS_AS(season_detector{season_options{.period = std::chrono::milliseconds{-1}}}, orfeas::option_error);
    auto const read = orfeas::from_environment<season_options>({}, {"ORFEAS_SEASON_THRESHOLD=15"});
    CHECK(read.threshold == 15);
}
