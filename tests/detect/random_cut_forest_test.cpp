// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/core/state_error.hpp>
#include <orfeas/detect/random_cut_forest.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using namespace orfeas_test;

namespace {

/// Small, so that the tests are quick.
random_cut_forest_options small() {
    random_cut_forest_options made;
    made.trees = 10;
    made.samples = 128;
    made.lookback = 2'000;
    return made;
}

verdict take(vector_random_cut_forest& judge, std::size_t i, std::vector<double> const& values) {
    return judge.update({std::chrono::seconds{i}, values});
}

} // namespace

TEST_CASE("detect: what holds for all detectors holds for a random cut forest") {
    auto options = small();
    options.shingle = GENERATE(1U, 3U);
    auto other = options;
    other.seed = 2;
    check_all<random_cut_forest>(options, other, {0.5, 1, 1.7, 3, 10});
}

TEST_CASE("detect: a random cut forest of several metrics says something sound of anything") {
    auto const seed = test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    check_any_input_of_several<vector_random_cut_forest>(small(), seed);
}

TEST_CASE("detect: a random cut forest of one metric takes no state of several") {
    std::mt19937_64 random{3};
    random_cut_forest judge{small()};
    judged(judge, even_noise(random, 300));
    vector_random_cut_forest several{1, small()};
    auto const bytes = saved(judge);
    state_reader in{bytes};
    CHECK(several.load(in) == state_error::foreign_state);
}

TEST_CASE("detect: a forest warms up, then says normal") {
    std::mt19937_64 random{5};
    random_cut_forest judge{small()};
    auto const verdicts = judged(judge, even_noise(random, 200));
    CHECK(verdicts[126].state == verdict_state::warming);
    CHECK(verdicts[126].score == 0);
    CHECK(verdicts[127].state == verdict_state::normal);
    CHECK(judge.warm());
    CHECK(verdicts[127].confidence > 0);
    CHECK(verdicts[127].confidence < 0.5);
    judge.reset();
    CHECK_FALSE(judge.warm());
}

TEST_CASE("detect: a forest finds a value that is easily told apart, and says what was expected") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    for (double const level : {30.0, -20.0}) {
        auto values = even_noise(random, 3'000);
        values[2'500] = level;
        random_cut_forest judge{small()};
        auto const verdicts = judged(judge, values);
        auto const& hit = verdicts[2'500];
        INFO("score " << hit.score << " raw " << hit.raw_score);
        CHECK(hit.alert.phase == alert_phase::starts);
        CHECK(hit.is_anomalous());
        CHECK(hit.score > 0.5);
        CHECK(hit.raw_score > 4);
        CHECK(hit.raw_score <= std::log2(129.0) + 1e-9);
        CHECK(hit.family == anomaly_family::isolation);
        CHECK(hit.tail_probability < 0.05);
        CHECK(hit.confidence == 1);
        CHECK((level > hit.high || level < hit.low));
        CHECK(hit.expected == Approx(10).margin(0.5));
        CHECK(hit.low == Approx(9.05).margin(0.2));
        CHECK(hit.high == Approx(10.95).margin(0.2));
        REQUIRE(hit.blame.list().size() == 1);
        CHECK(hit.blame.list()[0] == blame_share{0, 1});
        CHECK(starts(std::span{verdicts}.first(2'500)) <= 2);
        CHECK(verdicts[2'499].raw_score < 2);
    }
}

TEST_CASE("detect: a forest of shingles finds a shape that was never there") {
    auto options = small();
    options.shingle = 4;
    std::vector<double> values;
    for (std::size_t i = 0; i < 3'000; ++i) { // up and down, but once the same again: each value is usual
        values.push_back(static_cast<double>((i + i / 2'501) % 2) + 0.001 * static_cast<double>(i * 7 % 11));
    }
    random_cut_forest judge{options};
    auto const verdicts = judged(judge, values);
    CHECK(starts(std::span{verdicts}.first(2'500)) == 0);
    CHECK(starts(std::span{verdicts}.subspan(2'500, 8)) == 1);
    random_cut_forest values_only{small()};
    CHECK(starts(judged(values_only, values)) == 0);
}

TEST_CASE("detect: scale and offset change no verdict of a forest") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = even_noise(random, 2'000);
    values[1'500] = 40;
    for (std::uint32_t const shingle : {1U, 3U}) {
        auto options = small();
        options.shingle = shingle;
        random_cut_forest judge{options};
        auto const plain = judged(judge, values);
        CHECK(starts(plain) >= 1);
        for (double const factor : {0x1p-40, 0x1p40, 0x1p-900, 0x1p900}) { // powers of two round as 1 does
            INFO(factor);
            judge = random_cut_forest{options};
            auto const scaled = judged(judge, multiplied_by(values, factor));
            for (std::size_t i = 0; i < values.size(); ++i) {
                REQUIRE(scaled[i].score == plain[i].score);
                REQUIRE(scaled[i].alert == plain[i].alert);
            }
        }
        for (double const factor : {1e-12, 1e12, 1e-280, 1e280}) {
            INFO(factor);
            judge = random_cut_forest{options};
            auto const scaled = judged(judge, multiplied_by(values, factor, 5 * factor));
            CHECK(scaled[1'500].alert.phase == alert_phase::starts);
            CHECK(scaled[1'500].score == Approx(plain[1'500].score).margin(0.05));
        }
    }
}

TEST_CASE(
    "detect: to a forest, one different value after thousands of equal ones is mild, and one that lasts an alert") {
    for (double const level : {0.0, 5.0, -1e12, 1e-12}) {
        INFO(level);
        random_cut_forest judge;
        auto const flat = judged(judge, std::vector<double>(5'000, level));
        CHECK(starts(flat) == 0);
        CHECK(flat.back().state == verdict_state::normal);
        CHECK(flat.back().score == 0);
        CHECK(flat.back().expected == level);
        double const other = level == 0 ? 1 : level * 1.5;
        auto single = std::vector<double>(500, level);
        single[0] = other;
        auto const mild = judged(judge, single, 5'000);
        CHECK(mild[0].score < 0.3);
        CHECK(starts(mild) == 0);
        auto const lasting = judged(judge, std::vector<double>(300, level - (other - level)), 5'500);
        CHECK(starts(lasting) == 1);
    }
}

TEST_CASE("detect: a forest checks its options and the number of values") {
    random_cut_forest_options wrong;
    wrong.trees = 0;
    CHECK_THROWS_AS(random_cut_forest{wrong}, option_error);
    wrong = {};
    wrong.shingle = 9;
    CHECK_THROWS_AS((vector_random_cut_forest{2, wrong}), option_error);
    CHECK_THROWS_AS(vector_random_cut_forest{0}, std::invalid_argument);
    CHECK_THROWS_AS(vector_random_cut_forest{1'025}, std::invalid_argument);
    vector_random_cut_forest judge{2, small()};
    CHECK_THROWS_AS(take(judge, 0, {1.0}), std::invalid_argument);
    CHECK_THROWS_AS(take(judge, 0, {1.0, 2.0, 3.0}), std::invalid_argument);
    CHECK(take(judge, 0, {1.0, 2.0}).state == verdict_state::warming);
}

TEST_CASE("detect: a forest of several metrics blames the one that is off, in any unit") {
    for (double const unit : {1.0, 1e-9, 1e9}) {
        INFO(unit);
        std::mt19937_64 random{5};
        std::normal_distribution<> some;
        vector_random_cut_forest judge{4, small()};
        verdict hit;
        std::size_t before = 0;
        for (std::size_t i = 0; i <= 2'000; ++i) {
            std::vector<double> values{some(random), 1e6 + 100 * some(random), unit * (3 + some(random)), 7};
            values[2] += i == 2'000 ? unit * 20 : 0;
            hit = take(judge, i, values);
            before += i < 2'000 && hit.alert.phase == alert_phase::starts ? 1U : 0U;
        }
        CHECK(before <= 3);
        CHECK(hit.alert.phase == alert_phase::starts);
        REQUIRE(hit.blame.count > 0);
        CHECK(hit.blame.shares[0].metric == 2);
        CHECK(hit.blame.shares[0].share > 0.6F);
        CHECK(hit.expected == Approx(3 * unit).epsilon(0.3));
        CHECK(hit.high < 8 * unit);
        auto const shares = judge.shares();
        CHECK(shares[0] + shares[1] + shares[2] + shares[3] == Approx(1));
        CHECK(shares[3] == 0);
    }
}

TEST_CASE("detect: a forest takes a metric without a value for what it was, and a sample without any for none") {
    std::mt19937_64 random{5};
    std::normal_distribution<> some;
    vector_random_cut_forest judge{2, small()};
    for (std::size_t i = 0; i < 600; ++i) {
        take(judge, i, {some(random), i % 3 == 0 ? not_a_number : 5 + some(random)});
    }
    auto const half = take(judge, 600, {0.0, not_a_number});
    CHECK(half.confidence == Approx(0.5 * 601 / (8 * 128)));
    CHECK(half.state == verdict_state::normal);
    auto const none = take(judge, 601, {not_a_number, HUGE_VAL});
    CHECK(is_sound(none));
    CHECK(none.raw_score == 0);
    CHECK(none.state == verdict_state::normal);
}
