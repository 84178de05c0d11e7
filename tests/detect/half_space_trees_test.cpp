// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/streams.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/core/state_error.hpp>
#include <orfeas/detect/half_space_trees.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using namespace std::chrono_literals;
using orfeas_test::judged;
using orfeas_test::starts;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Small, so that the tests are quick.
half_space_trees_options small() {
    half_space_trees_options made;
    made.window = 128;
    return made;
}

std::vector<double> noise(std::mt19937_64& random, std::size_t size) {
    std::uniform_real_distribution<> some{9, 11};
    std::vector<double> made;
    for (std::size_t i = 0; i < size; ++i) {
        made.push_back(some(random));
    }
    return made;
}

std::vector<double> multiplied(std::vector<double> values, double factor, double offset = 0) {
    for (auto& each : values) {
        each = each * factor + offset;
    }
    return values;
}

bool is_sound(verdict const& v) {
    auto const in = [](double x) { return x >= 0 && x <= 1; };
    return in(v.score) && in(v.tail_probability) && in(v.confidence) && std::isfinite(v.raw_score) &&
           v.raw_score >= 0 && std::isfinite(v.expected) && std::isfinite(v.low) && std::isfinite(v.high) &&
           v.low <= v.expected && v.expected <= v.high;
}

verdict take(vector_half_space_trees& judge, std::size_t i, std::vector<double> const& values) {
    return judge.update({std::chrono::seconds{i}, values});
}

} // namespace

TEST_CASE("detect: half-space trees warm up for a window, then find a value where there were none") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    for (double const level : {30.0, -20.0}) {
        auto values = noise(random, 3'000);
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
    judged(judge, noise(random, 1'000));
    auto const moved = judged(judge, multiplied(noise(random, 1'000), 1'000), 1'000);
    CHECK(starts(moved) == 1);
    CHECK(starts(std::span{moved}.subspan(300)) == 0);
    CHECK(moved.back().expected == Approx(10'000).margin(300));
    auto broken = noise(random, 1); // and they see again what is strange there
    broken[0] = 20'000;
    CHECK(judged(judge, broken, 2'000)[0].raw_score > 4);
}

TEST_CASE("detect: to half-space trees, one different value after thousands of equal ones is mild") {
    for (double const level : {0.0, 5.0, -1e12, 1e-12}) {
        INFO(level);
        half_space_trees judge;
        auto const flat = judged(judge, std::vector<double>(3'000, level));
        CHECK(starts(flat) == 0);
        CHECK(flat.back().state == verdict_state::normal);
        CHECK(flat.back().score == 0);
        CHECK(flat.back().expected == level);
        auto single = std::vector<double>(600, level);
        single[0] = level == 0 ? 1 : level * 1.5;
        auto const mild = judged(judge, single, 3'000);
        CHECK(starts(mild) == 0);
        CHECK(std::all_of(mild.begin(), mild.end(), [](verdict const& each) { return each.score < 0.5; }));
    }
}

TEST_CASE("detect: values that are not finite leave no trace in half-space trees") {
    std::mt19937_64 random{orfeas_test::test_seed()};
    auto const values = noise(random, 600);
    half_space_trees clean{small()};
    half_space_trees holed{small()};
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const time = std::chrono::seconds{300 * i};
        for (double const bad : {not_a_number, HUGE_VAL}) {
            auto const made = holed.update({time, bad});
            REQUIRE(is_sound(made));
            REQUIRE(made.raw_score == 0);
        }
        REQUIRE(clean.update({time, values[i]}) == holed.update({time, values[i]}));
    }
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

TEST_CASE("detect: no verdict of half-space trees depends on what comes later") {
    std::mt19937_64 random{orfeas_test::test_seed()};
    auto values = noise(random, 1'500);
    half_space_trees judge{small()};
    auto const before = judged(judge, values);
    std::fill(values.begin() + 1'000, values.end(), 1e6);
    judge = half_space_trees{small()};
    auto const after = judged(judge, values);
    CHECK(std::equal(before.begin(), before.begin() + 1'000, after.begin()));
}

TEST_CASE("detect: scale and offset change no verdict of half-space trees") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = noise(random, 2'000);
    values[1'500] = 40;
    {
        auto const options = small();
        half_space_trees judge{options};
        auto const plain = judged(judge, values);
        CHECK(starts(plain) >= 1);
        for (double const factor : {0x1p-40, 0x1p40, 0x1p-900, 0x1p900}) { // powers of two round as 1 does
            INFO(factor);
            judge = half_space_trees{options};
            auto const scaled = judged(judge, multiplied(values, factor));
            for (std::size_t i = 0; i < values.size(); ++i) {
                REQUIRE(scaled[i].score == plain[i].score);
                REQUIRE(scaled[i].alert == plain[i].alert);
            }
        }
        for (double const factor : {1e-12, 1e12, 1e-280, 1e280}) {
            INFO(factor);
            judge = half_space_trees{options};
            auto const scaled = judged(judge, multiplied(values, factor, 5 * factor));
            CHECK(scaled[1'500].alert.phase == alert_phase::starts);
            CHECK(scaled[1'500].score == Approx(plain[1'500].score).margin(0.05));
        }
    }
}

TEST_CASE("detect: half-space trees says something sound of anything") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::vector<double> const strange{0.0,   -0.0,  1e-300, 5e-324, 1.7e308, -1.7e308, not_a_number, HUGE_VAL,
                                      1e300, -1e12, 1e12,   1,      2,       3,        1e-12,        7};
    for (char const* const policy : {"zero", "hold"}) {
        auto options = small();
        options.gaps = policy;
        half_space_trees judge{options};
        vector_half_space_trees several{3, options};
        auto const any = [&] { return strange[random() % strange.size()]; };
        for (int i = 0; i < 5'000; ++i) {
            auto const time = std::chrono::seconds{static_cast<std::int64_t>(random() % 20'000)};
            REQUIRE(is_sound(judge.update({time, any()})));
            std::vector<double> const values{any(), any(), any()};
            REQUIRE(is_sound(several.update({time, values})));
        }
        REQUIRE(judge.valid());
        REQUIRE(several.valid());
    }
}

TEST_CASE("detect: raising half-space trees's threshold never adds an alert") {
    std::mt19937_64 random{orfeas_test::test_seed()};
    std::student_t_distribution<> heavy{2};
    std::vector<double> values;
    for (int i = 0; i < 2'000; ++i) {
        values.push_back(heavy(random));
    }
    std::size_t before = values.size();
    for (double const threshold : {0.5, 1.0, 1.7, 3.0, 10.0}) {
        auto options = small();
        options.threshold = threshold;
        half_space_trees judge{options};
        auto const now = starts(judged(judge, values));
        CHECK(now <= before);
        before = now;
    }
    CHECK(before == 0);
}

TEST_CASE("detect: half-space trees that was saved and loaded goes on as the other, bit by bit") {
    std::mt19937_64 random{orfeas_test::test_seed()};
    auto values = noise(random, 1'200);
    values[900] = 50;
    for (std::size_t const at : {0U, 1U, 60U, 700U}) {
        {
            auto const options = small();
            half_space_trees judge{options};
            judged(judge, {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at)});
            std::vector<std::byte> bytes;
            state_writer out{bytes};
            judge.save(out);
            half_space_trees other{options};
            state_reader in{bytes};
            REQUIRE_FALSE(other.load(in));
            CHECK(in.rest().empty());
            std::vector<double> const rest{values.begin() + static_cast<std::ptrdiff_t>(at), values.end()};
            CHECK(judged(judge, rest, at) == judged(other, rest, at));
        }
    }
}

TEST_CASE("detect: half-space trees refuses what is no state of its own") {
    std::mt19937_64 random{3};
    half_space_trees judge{small()};
    judged(judge, noise(random, 300));
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    judge.save(out);
    auto const loaded = [](std::vector<std::byte> const& from, auto into) {
        state_reader in{from};
        auto const refused = into.load(in);
        CHECK((!refused || in.rest().size() == from.size()));
        return refused;
    };
    CHECK_FALSE(loaded(bytes, half_space_trees{small()}));
    auto other = small();
    other.seed = 2;
    CHECK(loaded(bytes, half_space_trees{other}) == state_error::other_options);
    CHECK(loaded(bytes, vector_half_space_trees{1, small()}) == state_error::foreign_state);
    auto cut = bytes;
    cut.pop_back();
    CHECK(loaded(cut, half_space_trees{small()}) == state_error::truncated_state);
    auto const reseal = [](std::vector<std::byte>& all) { // a checksum that fits, over content that does not
        auto const sum = stable_hash64(std::span<std::byte const>{all}.first(all.size() - 8));
        std::memcpy(all.data() + all.size() - 8, &sum, 8);
    };
    std::size_t refused = 0;
    for (int i = 0; i < 300; ++i) { // whatever is changed is refused, or is half-space trees that works
        auto changed = bytes;
        changed[32 + random() % (changed.size() - 40)] ^= static_cast<std::byte>(1 + random() % 255);
        reseal(changed);
        half_space_trees into{small()};
        state_reader in{changed};
        if (into.load(in)) {
            ++refused;
        } else {
            for (auto const& each : judged(into, noise(random, 50))) {
                REQUIRE(is_sound(each));
            }
        }
    }
    CHECK(refused > 0);
}
