// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/single_metric_checks.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/core/state_error.hpp>
#include <orfeas/detect/half_space_trees.hpp>

#include <chrono>
#include <cstddef>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using namespace orfeas_test;

namespace {

/// Small, so that the tests are quick.
half_space_trees_options small() {
    half_space_trees_options made;
    made.window = 128;
    return made;
}

verdict take(vector_half_space_trees& judge, std::size_t i, std::vector<double> const& values) {
    return judge.update({std::chrono::seconds{i}, values});
}

} // namespace

TEST_CASE("detect: what holds for all detectors holds for half-space trees") {
    auto const options = small();
    auto other = options;
    other.seed = 2;
    check_all<half_space_trees>(options, other, {0.5, 1, 1.7, 3, 10});
}

TEST_CASE("detect: half-space trees of several metrics say something sound of anything") {
    auto const seed = test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    check_any_input_of_several<vector_half_space_trees>(small(), seed);
}

TEST_CASE("detect: half-space trees of one metric take no state of several") {
    std::mt19937_64 random{3};
    half_space_trees judge{small()};
    judged(judge, even_noise(random, 300));
    vector_half_space_trees several{1, small()};
    auto const bytes = saved(judge);
    state_reader in{bytes};
    CHECK(several.load(in) == state_error::foreign_state);
}

TEST_CASE("detect: half-space trees warm up for a window, then find a value where there were none") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    for (double const level : {30.0, -20.0}) {
        auto values = even_noise(random, 3'000);
        values[2'500] = level;
        half_space_trees judge{small()};
        auto const verdicts = judged(judge, values);
        CHECK(verdicts[127].state == verdict_state::warming);
        CHECK(verdicts[128].state == verdict_state::normal);
        CHECK(judge.warm());
        auto const& hit = verdicts[2'500];
        INFO("score " << hit.score << " raw " << hit.raw_score);
        CHECK(hit.alert.phase == alert_phase::starts);
        CHECK(hit.family == anomaly_family::isolation);
        CHECK(hit.tail_probability < 0.05);
        CHECK(hit.confidence == 1);
        CHECK((level > hit.high || level < hit.low));
        CHECK(hit.expected == Approx(10).margin(0.5));
        REQUIRE(hit.blame.list().size() == 1);
        CHECK(hit.blame.list()[0] == blame_share{0, 1});
        CHECK(starts(std::span{verdicts}.first(2'500)) <= 2);
        judge.reset();
        CHECK_FALSE(judge.warm());
    }
}

TEST_CASE("detect: half-space trees take what moved out of their range for normal after a window") {
    std::mt19937_64 random{5};
    half_space_trees judge{small()};
    judged(judge, even_noise(random, 1'000));
    auto const moved = judged(judge, multiplied_by(even_noise(random, 1'000), 1'000), 1'000);
    CHECK(starts(moved) == 1);
    CHECK(starts(std::span{moved}.subspan(300)) == 0);
    CHECK(moved.back().expected == Approx(10'000).margin(300));
    auto broken = even_noise(random, 1); // and they see again what is strange there
    broken[0] = 20'000;
    CHECK(judged(judge, broken, 2'000)[0].raw_score > 4);
}

TEST_CASE("detect: half-space trees check their options and the number of values") {
    half_space_trees_options wrong;
    wrong.depth = 15;
    CHECK_THROWS_AS(half_space_trees{wrong}, option_error);
    wrong = {};
    wrong.window = 10;
    CHECK_THROWS_AS((vector_half_space_trees{2, wrong}), option_error);
    CHECK_THROWS_AS(vector_half_space_trees{0}, std::invalid_argument);
    CHECK_THROWS_AS(vector_half_space_trees{1'025}, std::invalid_argument);
    vector_half_space_trees judge{2, small()};
    CHECK_THROWS_AS(take(judge, 0, {1.0}), std::invalid_argument);
    CHECK(take(judge, 0, {1.0, 2.0}).state == verdict_state::warming);
    auto const half = take(judge, 1, {1.0, not_a_number});
    CHECK(half.confidence == Approx(0.5 * 2 / (4 * 128)));
}

TEST_CASE("detect: half-space trees of several metrics blame the one that is off, in any unit") {
    for (double const unit : {1.0, 1e-9, 1e9}) {
        INFO(unit);
        std::mt19937_64 random{5};
        std::normal_distribution<> some;
        vector_half_space_trees judge{3, small()};
        verdict hit;
        for (std::size_t i = 0; i <= 2'000; ++i) {
            std::vector<double> values{some(random), 1e6 + 100 * some(random), unit * (3 + some(random))};
            values[2] += i == 2'000 ? unit * 30 : 0;
            hit = take(judge, i, values);
        }
        CHECK(hit.alert.phase == alert_phase::starts);
        REQUIRE(hit.blame.count > 0);
        CHECK(hit.blame.shares[0].metric == 2);
        CHECK(hit.expected == Approx(3 * unit).epsilon(0.3));
        CHECK(hit.high < 9 * unit);
        auto const shares = judge.shares();
        CHECK(shares[0] + shares[1] + shares[2] == Approx(1));
    }
}

TEST_CASE("detect: scale and offset change no verdict of half-space trees") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = even_noise(random, 2'000);
    values[1'500] = 40;
    {
        auto const options = small();
        half_space_trees judge{options};
        auto const plain = judged(judge, values);
        CHECK(starts(plain) >= 1);
        for (double const factor : {0x1p-40, 0x1p40, 0x1p-900, 0x1p900}) { // powers of two round as 1 does
            INFO(factor);
            judge = half_space_trees{options};
            auto const scaled = judged(judge, multiplied_by(values, factor));
            for (std::size_t i = 0; i < values.size(); ++i) {
                REQUIRE(scaled[i].score == plain[i].score);
                REQUIRE(scaled[i].alert == plain[i].alert);
            }
        }
        for (double const factor : {1e-12, 1e12, 1e-280, 1e280}) {
            INFO(factor);
            judge = half_space_trees{options};
            auto const scaled = judged(judge, multiplied_by(values, factor, 5 * factor));
            CHECK(scaled[1'500].alert.phase == alert_phase::starts);
            CHECK(scaled[1'500].score == Approx(plain[1'500].score).margin(0.05));
        }
    }
}
