// SPDX-License-Identifier: MIT
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/spike_detector.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using namespace orfeas::detect;
using namespace orfeas_test;

TEST_CASE("detect: what holds for all detectors holds for spikes") {
    spike_options other;
    other.threshold = 6;
    check_all<spike_detector>(spike_options{}, other, {4, 4.5, 5, 6, 8, 12, 20, 50});
}

TEST_CASE("detect: a spike is told of with its first sample, once, and with what was expected") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    for (double const to : {25.0, -5.0}) {
        auto values = daily_wave(random, 2'000);
        values[1'500] = values[1'501] = values[1'502] = to;
        spike_detector judge;
        auto const verdicts = judged(judge, values);
        auto const& hit = verdicts[1'500];
        CHECK(hit.alert.phase == alert_phase::starts);
        CHECK(hit.is_anomalous());
        CHECK(hit.score > 0.5);
        CHECK(hit.family == anomaly_family::spike);
        CHECK(hit.tail_probability < 1e-4);
        CHECK(hit.confidence == 1);
        CHECK(hit.expected == Approx(values[1'499]).margin(0.8));
        CHECK((to > hit.high || to < hit.low));
        REQUIRE(hit.blame.count == 1);
        CHECK(hit.blame.shares[0] == blame_share{0, 1});
        CHECK(starts(std::span{verdicts}.subspan(1'400, 200)) == 1);
        CHECK(verdicts[1'520].alert == alert_ref{});
        CHECK(starts(std::span{verdicts}.first(1'500)) == 0);
    }
}

TEST_CASE("detect: values next to the smallest there are make no spike, and a state that can be loaded") {
    std::mt19937_64 random{5};
    std::vector<double> values;
    for (int i = 0; i < 3'000; ++i) {
        values.push_back(5e-324 * static_cast<double>(random() % 4));
    }
    spike_detector judge;
    for (auto const& each : judged(judge, values)) {
        REQUIRE(each.raw_score == 0);
    }
    auto const bytes = saved(judge);
    orfeas::state_reader in{bytes};
    CHECK_FALSE(spike_detector{}.load(in));
}

TEST_CASE("detect: a spike does not hide the next one") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = daily_wave(random, 2'000);
    values[1'500] = 1'000;
    values[1'520] = 20;
    spike_detector judge;
    auto const verdicts = judged(judge, values);
    CHECK(verdicts[1'500].alert.phase == alert_phase::starts);
    CHECK(verdicts[1'520].alert.phase == alert_phase::starts);
}

TEST_CASE("detect: heavy tails raise the boundary of spikes") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    std::normal_distribution<> gaussian;
    std::student_t_distribution<> heavy{4};
    auto const alerts = [&](auto& from) {
        std::vector<double> values;
        for (int i = 0; i < 40'000; ++i) {
            values.push_back(from(random));
        }
        spike_detector judge;
        return starts(judged(judge, values));
    };
    CHECK(alerts(gaussian) <= 6);
    CHECK(alerts(heavy) <= 60); // where 300 values are beyond 4.5 of its deviations
}

TEST_CASE("detect: false alerts about spikes a day are as many as asked for, or fewer where a spike has to be larger") {
    constexpr std::size_t day = 1'440; // samples
    constexpr std::size_t days = 20;   // without the first two
    constexpr int streams = 15;
    auto const alerts_a_day = [](double asked, double phi, bool is_heavy) {
        std::size_t count = 0;
        for (unsigned seed = 0; seed < streams;
             ++seed) { // fixed: the expected number is what is asked for, not each one
            std::mt19937_64 random{seed};
            auto const values = correlated_noise(random, (days + 2) * day, phi, is_heavy);
            spike_options options;
            options.false_alerts_per_day = asked;
            spike_detector judge{options};
            for (std::size_t i = 0; i < values.size(); ++i) {
                double const wave = 4 * std::sin(static_cast<double>(i) * 6.283185307 / day);
                auto const said = judge.update({std::chrono::minutes{i}, values[i] + wave});
                count += i >= 2 * day && said.alert.phase == alert_phase::starts ? 1U : 0U;
            }
        }
        return static_cast<double>(count) / (streams * days);
    };
    for (double const asked : {0.02, 0.2}) {
        INFO(asked);
        double const by_tail = alerts_a_day(asked, 0.3, true); // what the tail says is above the other boundaries
        CHECK(by_tail >= asked / 2);
        CHECK(by_tail <= asked * 2);
        CHECK(alerts_a_day(asked, 0.3, false) <= asked * 2);
        CHECK(alerts_a_day(asked, 0.8, true) <= asked * 2);
        CHECK(alerts_a_day(asked, 0.8, false) <= asked * 2);
    }
}

TEST_CASE("detect: a new level is usual after some samples") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = daily_wave(random, 2'000);
    for (std::size_t i = 1'500; i < 2'000; ++i) {
        values[i] += 1e6;
    }
    spike_detector judge;
    auto const verdicts = judged(judge, values);
    CHECK(verdicts[1'500].alert.phase == alert_phase::starts);
    CHECK(verdicts[1'559].alert.phase == alert_phase::ends);
    CHECK(starts(std::span{verdicts}.subspan(1'570)) == 0);
    CHECK(verdicts[1'999].expected == Approx(1e6).epsilon(1e-4));
}

TEST_CASE("detect: options of a spike detector are checked") {
    CHECK_THROWS_AS(spike_detector{spike_options{.threshold = 1}}, orfeas::option_error);
    CHECK_THROWS_AS(spike_detector{spike_options{.false_alerts_per_day = 0}}, orfeas::option_error);
    CHECK_THROWS_AS(spike_detector{spike_options{.gaps = "guess"}}, orfeas::option_error);
    auto const read =
        orfeas::from_environment<spike_options>({}, {"ORFEAS_SPIKE_THRESHOLD=6", "ORFEAS_SPIKE_GAPS=hold"});
    CHECK(read.threshold == 6);
    CHECK(read.gaps == "hold");
}
