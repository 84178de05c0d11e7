// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/outlier_detector.hpp>

#include <chrono>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using namespace orfeas_test;

TEST_CASE("detect: what holds for all detectors holds for outliers") {
    outlier_options options;
    options.lookback = 1'000;
    auto other = options;
    other.threshold = 2;
    check_all<outlier_detector>(options, other, {0.4, 0.5, 0.7, 0.9, 1.2, 1.5, 2, 3, 4, 6, 8});
}

TEST_CASE("detect: an outlier detector warms up, then says normal") {
    auto const seed = test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    outlier_detector judge;
    auto const verdicts = judged(judge, daily_wave(random, 320));
    CHECK(verdicts[298].state == verdict_state::warming);
    CHECK(verdicts[299].state == verdict_state::normal);
    CHECK(judge.warm());
    CHECK(verdicts[299].confidence > 0);
    CHECK(verdicts[299].confidence < 0.5);
}

TEST_CASE("detect: a level that was never there is an alert at once, with what was expected") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    for (double const level : {30.0, -20.0}) {
        auto values = daily_wave(random, 3'000);
        values[2'500] = level;
        outlier_detector judge;
        auto const verdicts = judged(judge, values);
        auto const& hit = verdicts[2'500];
        INFO("score " << hit.score << " raw " << hit.raw_score);
        CHECK(hit.alert.phase == alert_phase::starts);
        CHECK(hit.is_anomalous());
        CHECK(hit.score > 0.5);
        CHECK(hit.family == anomaly_family::outlier);
        CHECK(hit.tail_probability < 0.05);
        CHECK(hit.confidence > 0.9);
        CHECK((level > hit.high || level < hit.low));
        CHECK(hit.expected == Approx(10).margin(4));
        REQUIRE(hit.blame.list().size() == 1);
        CHECK(hit.blame.list()[0] == blame_share{0, 1});
        CHECK(starts(std::span{verdicts}.first(2'500)) <= 2); // of 7 quiet days
    }
}

TEST_CASE("detect: a spread that was never there is found") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    std::normal_distribution<> noise;
    std::vector<double> values;
    for (int i = 0; i < 3'000; ++i) {
        values.push_back(noise(random));
    }
    for (std::size_t i = 2'500; i < 2'700; ++i) {
        values[i] = 0.02 * noise(random); // a level that is usual, but stands still
    }
    outlier_options options;
    options.threshold = 0.8; // sensitive
    outlier_detector judge{options};
    auto const verdicts = judged(judge, values);
    CHECK(starts(std::span{verdicts}.subspan(2'500, 200)) >= 1);
}

TEST_CASE("detect: a flat line is normal, one different value mild, and one that lasts an alert") {
    for (double const level : {0.0, 5.0, -1e12, 1e-12}) {
        INFO(level);
        outlier_detector judge;
        auto const flat = judged(judge, std::vector<double>(5'000, level));
        CHECK(starts(flat) == 0);
        CHECK(flat.back().state == verdict_state::normal);
        CHECK(flat.back().score == 0);
        CHECK(flat.back().expected == level);
        double const other = level == 0 ? 1 : level * 1.5;
        auto single = std::vector<double>(500, level);
        single[0] = other;
        auto const mild = judged(judge, single, 5'000);
        CHECK(starts(mild) == 0);
        for (auto const& each : mild) {
            REQUIRE(each.score < 0.5);
        }
        auto const lasting = judged(judge, std::vector<double>(200, other), 5'500);
        CHECK(starts(lasting) == 1);
    }
}

TEST_CASE("detect: the end of a flat line is an alert where most values are different from then on") {
    for (double const share : {0.1, 0.5, 1.0}) {
        INFO(share);
        std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
        std::bernoulli_distribution is_different{share};
        std::vector<double> values(5'000, 0.0);
        while (values.size() < 6'000) {
            values.push_back(is_different(random) ? 1 : 0);
        }
        outlier_detector judge;
        auto const verdicts = judged(judge, values);
        CHECK(starts(std::span{verdicts}.first(5'000)) == 0);
        CHECK(starts(std::span{verdicts}.subspan(5'000, 80)) == (share < 0.2 ? 0 : 1));
        CHECK(starts(verdicts) == (share < 0.2 ? 0 : 1)); // what lasts is normal
        metric_detector each_second;
        std::size_t alerts = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            alerts += each_second.update({std::chrono::seconds{i}, values[i]}).alert.phase == alert_phase::starts;
        }
        CHECK(alerts == (share < 0.2 ? 0 : 1));
    }
}

TEST_CASE("detect: the policy decides what missing values mean") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = daily_wave(random, 1'000);
    auto const silent_for = [&](char const* policy, int missing) {
        outlier_options options;
        options.gaps = policy;
        outlier_detector judge{options};
        judged(judge, values);
        std::vector<verdict> made;
        for (int i = 0; i < missing; ++i) {
            made.push_back(judge.update({std::chrono::seconds{300 * (1'000 + i)}, not_a_number}));
        }
        made.push_back(judge.update(
            {std::chrono::seconds{300 * (1'000 + missing)}, values[1'000 - 288 + static_cast<std::size_t>(missing)]}));
        return made;
    };
    for (auto const& each : silent_for("ignore", 20)) {
        CHECK(each.state == verdict_state::normal);
        CHECK_FALSE(each.alert);
    }
    auto const alert = silent_for("alert", 20);
    CHECK(alert[1].state == verdict_state::normal);
    CHECK(alert[2].state == verdict_state::silent); // the third interval without a value
    CHECK(alert[2].alert.phase == alert_phase::starts);
    CHECK(alert[19].alert == alert_ref{alert[2].alert.id, alert_phase::continues});
    CHECK(alert[20].alert == alert_ref{alert[2].alert.id, alert_phase::ends});
    CHECK(alert[20].state == verdict_state::recovering);
    auto const zero = silent_for("zero", 20); // far below all that was seen
    CHECK(zero[0].alert.phase == alert_phase::starts);
    CHECK(zero[0].family == anomaly_family::outlier);
}

TEST_CASE("detect: a gap between samples is told under the policy alert") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = daily_wave(random, 1'290);
    outlier_options options;
    options.gaps = "alert";
    outlier_detector judge{options};
    judged(judge, std::vector<double>(values.begin(), values.begin() + 1'000));
    auto const late = judge.update({std::chrono::seconds{300 * 1'288}, values[1'288]});
    CHECK(late.state == verdict_state::silent);
    CHECK(late.alert.phase == alert_phase::starts);
    auto const next = judge.update({std::chrono::seconds{300 * 1'289}, values[1'289]});
    CHECK(next.alert == alert_ref{late.alert.id, alert_phase::ends});
}

TEST_CASE("detect: options of an outlier detector are checked") {
    CHECK_THROWS_AS(outlier_detector{outlier_options{.threshold = -1}}, orfeas::option_error);
    CHECK_THROWS_AS(outlier_detector{outlier_options{.warm_up = 20}}, orfeas::option_error);
    CHECK_THROWS_AS(outlier_detector{outlier_options{.gaps = "guess"}}, orfeas::option_error);
    auto const read =
        orfeas::from_environment<outlier_options>({}, {"ORFEAS_OUTLIER_LOOKBACK=5000", "ORFEAS_OUTLIER_GAPS=hold"});
    CHECK(read.lookback == 5'000);
    CHECK(read.gaps == "hold");
}

TEST_CASE("detect: a gap of many lookbacks makes no known level new") {
    std::mt19937_64 random{5};
    auto const values = daily_wave(random, 4'000);
    outlier_options options;
    options.lookback = 1'000;
    outlier_detector whole{options};
    outlier_detector interrupted{options};
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const time = std::chrono::seconds{300 * i};
        auto const gap = std::chrono::hours{i < 3'000 ? 0 : 24 * 365};
        REQUIRE(whole.update({time, values[i]}) == interrupted.update({time + gap, values[i]}));
    }
}
