// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/per_metric.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

using namespace orfeas::detect;
using namespace orfeas_test;

namespace {

/// The family of the first alert from a sample on.
anomaly_family first_family(std::vector<verdict> const& verdicts, std::size_t from) {
    for (auto const& each : std::span{verdicts}.subspan(from)) {
        if (each.alert.phase == alert_phase::starts) {
            return each.family;
        }
    }
    return anomaly_family::none;
}

} // namespace

TEST_CASE("detect: what holds for all detectors holds for all questions together") {
    metric_options other;
    other.threshold = 1.5;
    check_all<metric_detector>(metric_options{}, other);
}

TEST_CASE("detect: raising the threshold of all questions adds no sample that is in an alert") {
    auto const seed = test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto const values = broken_wave(random);
    std::vector<verdict> before;
    for (double const threshold : {0.5, 0.7, 1.0, 1.5, 2.0, 3.0}) {
        metric_options options;
        options.threshold = threshold;
        metric_detector judge{options};
        auto const verdicts = judged(judge, values);
        for (std::size_t i = 0; i < before.size(); ++i) {
            CHECK((before[i].is_anomalous() || !verdicts[i].is_anomalous()));
        }
        before = verdicts;
    }
}

TEST_CASE("detect: each question has its answer") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const wave = daily_wave(random, 2'500);
    auto const families = [&](auto change) {
        auto values = wave;
        for (std::size_t i = 2'000; i < values.size(); ++i) {
            values[i] += change(static_cast<double>(i - 2'000));
        }
        metric_detector judge;
        auto const verdicts = judged(judge, values);
        CHECK(starts(std::span{verdicts}.first(2'000)) <= 2); // of seven quiet days
        return first_family(verdicts, 2'000);
    };
    auto const spike = families([](double i) { return i < 3 ? 3.5 : 0; });
    CHECK((spike == anomaly_family::spike || spike == anomaly_family::outlier));
    CHECK(families([](double i) { return i < 100 ? 0.009 * i : 0; }) == anomaly_family::drift);
    auto const late = families([](double i) {
        double const at = (2'000 + i) * 6.283185307 / 288;
        return i < 120 ? 3 * (std::sin(at - 0.5) - std::sin(at)) : 0;
    });
    CHECK((late == anomaly_family::season || late == anomaly_family::drift || late == anomaly_family::spike));
    CHECK(families([](double) { return 0.0; }) == anomaly_family::none);
}

TEST_CASE("detect: noise about a daily wave is hardly ever alerted of, not on the first days either") {
    constexpr std::size_t days = 7;
    std::size_t alerts = 0;
    constexpr unsigned streams = 24;
    for (unsigned seed = 0; seed < streams; ++seed) { // fixed: how many there are differs between seeds
        std::mt19937_64 random{seed};
        auto const values = correlated_noise(random, days * 1'440, seed % 4 < 2 ? 0.3 : 0.8, seed % 2 == 1);
        metric_detector judge;
        for (std::size_t i = 0; i < values.size(); ++i) {
            double const wave = 4 * std::sin(static_cast<double>(i) * 6.283185307 / 1'440);
            auto const said = judge.update({std::chrono::minutes{i}, values[i] + wave});
            alerts += said.alert.phase == alert_phase::starts ? 1U : 0U;
        }
    }
    CHECK(static_cast<double>(alerts) / (streams * days) <= 0.075);
}

TEST_CASE("detect: an alert of all questions lasts while one of them has one") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = broken_wave(random);
    metric_detector judge;
    bool is_open = false;
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const said = judge.update({std::chrono::seconds{300 * i}, values[i]});
        REQUIRE(said.is_anomalous() == (said.alert && said.alert.phase != alert_phase::ends));
        if (said.alert.phase == alert_phase::starts) {
            REQUIRE_FALSE(is_open);
            REQUIRE(said.alert.id == last + 1);
            REQUIRE(said.score >= 0.5);
        } else if (said.alert) {
            REQUIRE(is_open);
            REQUIRE(said.alert.id == last);
        }
        is_open = said.is_anomalous();
        last = said.alert ? said.alert.id : last;
    }
    CHECK(last >= 2);
}

TEST_CASE("detect: several metrics are judged by all questions each") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = daily_wave(random, 2'000);
    per_metric<metric_detector> judge{2};
    std::size_t found = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::array<double, 2> const both{values[i], -values[i] + (i == 1'800 ? 20 : 0)};
        auto const said = judge.update({std::chrono::seconds{300 * i}, both});
        if (i >= 1'500 && said.alert.phase == alert_phase::starts) {
            ++found;
            CHECK(i == 1'800);
            CHECK(said.blame.shares[0].metric == 1);
        }
    }
    CHECK(found == 1);
}

TEST_CASE("detect: options of all questions are checked") {
    CHECK_THROWS_AS(metric_detector{metric_options{.threshold = 0}}, orfeas::option_error);
    CHECK_THROWS_AS(metric_detector{metric_options{.gaps = "guess"}}, orfeas::option_error);
    auto const read = orfeas::from_environment<metric_options>({}, {"ORFEAS_METRIC_THRESHOLD=1.5"});
    CHECK(read.threshold == 1.5);
}
