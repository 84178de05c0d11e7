// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/alert_gate.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;

namespace {

alert_gate_options easy() {
    alert_gate_options options;
    options.threshold = 2;
    options.window = 10;
    options.quiet = 3;
    return options;
}

/// Bursts of random scores between quiet times.
std::vector<double> random_scores(std::mt19937_64& random, std::size_t size) {
    std::vector<double> scores;
    double level = 0;
    for (std::size_t i = 0; i < size; ++i) {
        double const u = std::uniform_real_distribution<>{0, 1}(random);
        level = u < 0.02 ? 8 * u * 50 : level * 0.8;
        scores.push_back(level + std::exponential_distribution<>{2}(random));
    }
    return scores;
}

} // namespace

TEST_CASE("detect: only a score above all of the window before it is a peak") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (std::uint32_t const window : {1U, 7U, 100U, 128U}) {
        auto options = easy();
        options.window = window;
        alert_gate gate{options};
        auto const scores = random_scores(random, 3'000);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            std::size_t const first = i - std::min<std::size_t>(i, window);
            bool is_highest = true;
            for (std::size_t j = first; j < i; ++j) {
                is_highest = is_highest && static_cast<float>(scores[i]) > static_cast<float>(scores[j]);
            }
            auto const made = gate.update(scores[i]);
            REQUIRE(made.is_peak == (is_highest && scores[i] >= options.least_peak));
            REQUIRE(made.score >= 0);
            REQUIRE(made.score <= 1);
            REQUIRE((made.is_peak || made.score < 0.5));
        }
    }
}

TEST_CASE("detect: a peak is measured by the geometric mean of those before it") {
    auto options = easy();
    options.prior_weight = 2;
    options.usual_peak = 1;
    alert_gate gate{options};
    CHECK(gate.usual_peak() == 1);
    CHECK(gate.update(8).score == score_of(8, 2));
    CHECK(gate.usual_peak() == Approx(std::cbrt(8.0))); // of 1, 1 and 8
    for (int i = 0; i < 20; ++i) {
        gate.update(0);
    }
    CHECK(gate.update(4).score == 0.5); // twice the usual peak
    CHECK(gate.usual_peak() == Approx(std::pow(32.0, 0.25)));
}

TEST_CASE("detect: an alert starts once, continues, and ends after quiet samples") {
    alert_gate gate{easy()};
    CHECK_FALSE(gate.update(0.1).alert);
    auto const start = gate.update(5);
    CHECK(start.alert == alert_ref{1, alert_phase::starts});
    CHECK(start.state == verdict_state::anomalous);
    CHECK(start.score > 0.5);
    auto const worse = gate.update(9);
    CHECK(worse.alert == alert_ref{1, alert_phase::continues});
    CHECK(worse.score > 0.5); // gets worse: told again
    CHECK(gate.ongoing() == alert_ref{1, alert_phase::continues});
    CHECK(gate.update(0).alert.phase == alert_phase::continues);
    CHECK(gate.update(0).alert.phase == alert_phase::continues);
    auto const end = gate.update(0);
    CHECK(end.alert == alert_ref{1, alert_phase::ends});
    CHECK(end.state == verdict_state::recovering);
    CHECK_FALSE(gate.update(0).alert);
    CHECK_FALSE(gate.ongoing());
    for (int i = 0; i < 10; ++i) {
        gate.update(0);
    }
    CHECK(gate.update(50).alert == alert_ref{2, alert_phase::starts});
}

TEST_CASE("detect: what lasts longer than the longest alert is the new normal") {
    auto options = easy();
    options.longest = 20;
    alert_gate gate{options};
    std::size_t ends = 0;
    for (int i = 0; i < 200; ++i) {
        auto const made = gate.update(5);
        ends += made.alert.phase == alert_phase::ends ? 1 : 0;
        if (i == 20) {
            CHECK(made.state == verdict_state::normal);
        }
    }
    CHECK(ends == 1);
}

TEST_CASE("detect: raising the threshold never adds alerts or rows") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 10; ++round) {
        auto const scores = random_scores(random, 3'000);
        std::size_t alerts_before = std::numeric_limits<std::size_t>::max();
        std::size_t rows_before = alerts_before;
        for (double threshold = 0.6; threshold < 10; threshold *= 1.1) {
            auto options = easy();
            options.threshold = threshold;
            alert_gate gate{options};
            std::size_t alerts = 0;
            std::size_t rows = 0;
            std::size_t ends = 0;
            std::size_t untold = 0;
            for (double const each : scores) {
                auto const made = gate.update(each);
                alerts += made.alert.phase == alert_phase::starts ? 1 : 0;
                ends += made.alert.phase == alert_phase::ends ? 1 : 0;
                rows += made.score >= 0.5 ? 1 : 0;
                untold += made.score >= 0.5 && !made.alert ? 1U : 0U;
            }
            REQUIRE(untold == 0); // a row above the boundary belongs to an alert
            REQUIRE(alerts <= alerts_before);
            REQUIRE(rows <= rows_before);
            REQUIRE(ends + (gate.ongoing() ? 1 : 0) == alerts);
            alerts_before = alerts;
            rows_before = rows;
        }
    }
}

TEST_CASE("detect: scores that are not finite count as 0") {
    alert_gate gate{easy()};
    for (double const bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(), -1.0}) {
        auto const made = gate.update(bad);
        CHECK(made.score == 0);
        CHECK_FALSE(made.is_peak);
    }
    CHECK(gate.update(5).alert.phase == alert_phase::starts);
    CHECK(std::isfinite(gate.update(std::numeric_limits<double>::max()).score));
    CHECK(std::isfinite(gate.usual_peak()));
}

TEST_CASE("detect: silence is an alert of its own") {
    alert_gate gate{easy()};
    CHECK_FALSE(gate.silence(false));
    CHECK(gate.silence(true) == alert_ref{1, alert_phase::starts});
    CHECK(gate.silence(true) == alert_ref{1, alert_phase::continues});
    CHECK(gate.silence(false) == alert_ref{1, alert_phase::ends});
    CHECK_FALSE(gate.silence(false));
    CHECK(gate.update(9).alert == alert_ref{2, alert_phase::starts});
}

TEST_CASE("detect: a saved gate goes on as the other does") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto const scores = random_scores(random, 2'000);
    alert_gate gate{easy()};
    for (std::size_t i = 0; i < 1'000; ++i) {
        gate.update(scores[i]);
    }
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    gate.save(out);
    alert_gate other{easy()};
    state_reader in{bytes};
    REQUIRE_FALSE(other.load(in));
    for (std::size_t i = 1'000; i < scores.size(); ++i) {
        auto const a = gate.update(scores[i]);
        auto const b = other.update(scores[i]);
        REQUIRE(a.score == b.score);
        REQUIRE(a.alert == b.alert);
    }
    alert_gate unlike;
    state_reader again{bytes};
    CHECK(unlike.load(again) == state_error::other_options);
}

TEST_CASE("detect: a gate that was reset forgets the stream, and no identity comes twice") {
    alert_gate gate{easy()};
    gate.update(5);
    gate.reset();
    CHECK_FALSE(gate.ongoing());
    CHECK(gate.usual_peak() == 1);
    CHECK(gate.update(5).alert == alert_ref{2, alert_phase::starts});
}

TEST_CASE("detect: options of a gate are checked") {
    CHECK_THROWS_AS(alert_gate{alert_gate_options{.threshold = 0}}, orfeas::option_error);
    CHECK_THROWS_AS(alert_gate{alert_gate_options{.window = 129}}, orfeas::option_error);
    CHECK_THROWS_AS(alert_gate{alert_gate_options{.usual_peak = std::nan("")}}, orfeas::option_error);
}
