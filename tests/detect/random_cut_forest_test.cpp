// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/streams.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/core/state_error.hpp>
#include <orfeas/detect/random_cut_forest.hpp>

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
random_cut_forest_options small() {
    random_cut_forest_options made;
    made.trees = 10;
    made.samples = 128;
    made.lookback = 2'000;
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

verdict take(vector_random_cut_forest& judge, std::size_t i, std::vector<double> const& values) {
    return judge.update({std::chrono::seconds{i}, values});
}

} // namespace

TEST_CASE("detect: a forest warms up, then says normal") {
    std::mt19937_64 random{5};
    random_cut_forest judge{small()};
    auto const verdicts = judged(judge, noise(random, 200));
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
        auto values = noise(random, 3'000);
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

TEST_CASE("detect: no verdict of a forest depends on what comes later") {
    std::mt19937_64 random{orfeas_test::test_seed()};
    auto values = noise(random, 1'500);
    random_cut_forest judge{small()};
    auto const before = judged(judge, values);
    std::fill(values.begin() + 1'000, values.end(), 1e6);
    judge = random_cut_forest{small()};
    auto const after = judged(judge, values);
    CHECK(std::equal(before.begin(), before.begin() + 1'000, after.begin()));
}

TEST_CASE("detect: scale and offset change no verdict of a forest") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = noise(random, 2'000);
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
            auto const scaled = judged(judge, multiplied(values, factor));
            for (std::size_t i = 0; i < values.size(); ++i) {
                REQUIRE(scaled[i].score == plain[i].score);
                REQUIRE(scaled[i].alert == plain[i].alert);
            }
        }
        for (double const factor : {1e-12, 1e12, 1e-280, 1e280}) {
            INFO(factor);
            judge = random_cut_forest{options};
            auto const scaled = judged(judge, multiplied(values, factor, 5 * factor));
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

TEST_CASE("detect: values that are not finite leave no trace in a forest") {
    std::mt19937_64 random{orfeas_test::test_seed()};
    auto const values = noise(random, 1'000);
    random_cut_forest clean{small()};
    random_cut_forest holed{small()};
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const time = std::chrono::seconds{300 * i};
        if (i % 7 == 3) {
            for (double const bad : {not_a_number, HUGE_VAL, -HUGE_VAL}) {
                auto const made = holed.update({time, bad});
                REQUIRE(is_sound(made));
                REQUIRE(made.score == 0);
                REQUIRE(made.raw_score == 0);
            }
        }
        auto const a = clean.update({time, values[i]});
        auto const b = holed.update({time, values[i]});
        REQUIRE(a == b);
    }
}

TEST_CASE("detect: a forest takes what is missing as its policy says") {
    std::mt19937_64 random{5};
    auto const values = noise(random, 1'000);
    auto const after_gap = [&](char const* policy) {
        auto options = small();
        options.gaps = policy;
        random_cut_forest judge{options};
        judged(judge, values);
        return judge.update({std::chrono::seconds{300 * 1'050}, 10.0});
    };
    CHECK(after_gap("ignore").state == verdict_state::normal);
    CHECK(after_gap("hold").state == verdict_state::normal);
    CHECK(after_gap("zero").is_anomalous()); // fifty zeros before it
    auto const silent = after_gap("alert");
    CHECK(silent.state == verdict_state::silent);
    CHECK(silent.alert.phase == alert_phase::starts);
}

TEST_CASE("detect: a forest says something sound of anything") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::vector<double> const strange{0.0,   -0.0,  1e-300, 5e-324, 1.7e308, -1.7e308, not_a_number, HUGE_VAL,
                                      1e300, -1e12, 1e12,   1,      2,       3,        1e-12,        7};
    for (std::uint32_t const shingle : {1U, 3U}) {
        auto options = small();
        options.shingle = shingle;
        options.gaps = shingle == 1 ? "zero" : "hold";
        random_cut_forest judge{options};
        vector_random_cut_forest several{3, options};
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

TEST_CASE("detect: raising a forest's threshold never adds an alert") {
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
        random_cut_forest judge{options};
        auto const now = starts(judged(judge, values));
        CHECK(now <= before);
        before = now;
    }
    CHECK(before == 0);
}

TEST_CASE("detect: a forest that was saved and loaded goes on as the other, bit by bit") {
    std::mt19937_64 random{orfeas_test::test_seed()};
    auto values = noise(random, 1'200);
    values[900] = 50;
    for (std::size_t const at : {0U, 1U, 60U, 700U}) {
        for (std::uint32_t const shingle : {1U, 2U}) {
            auto options = small();
            options.shingle = shingle;
            random_cut_forest judge{options};
            judged(judge, {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at)});
            std::vector<std::byte> bytes;
            state_writer out{bytes};
            judge.save(out);
            random_cut_forest other{options};
            state_reader in{bytes};
            REQUIRE_FALSE(other.load(in));
            CHECK(in.rest().empty());
            std::vector<double> const rest{values.begin() + static_cast<std::ptrdiff_t>(at), values.end()};
            CHECK(judged(judge, rest, at) == judged(other, rest, at));
        }
    }
}

TEST_CASE("detect: a forest refuses what is no state of its own") {
    std::mt19937_64 random{3};
    random_cut_forest judge{small()};
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
    CHECK_FALSE(loaded(bytes, random_cut_forest{small()}));
    auto other = small();
    other.seed = 2;
    CHECK(loaded(bytes, random_cut_forest{other}) == state_error::other_options);
    CHECK(loaded(bytes, vector_random_cut_forest{1, small()}) == state_error::foreign_state);
    auto cut = bytes;
    cut.pop_back();
    CHECK(loaded(cut, random_cut_forest{small()}) == state_error::truncated_state);
    auto const reseal = [](std::vector<std::byte>& all) { // a checksum that fits, over content that does not
        auto const sum = stable_hash64(std::span<std::byte const>{all}.first(all.size() - 8));
        std::memcpy(all.data() + all.size() - 8, &sum, 8);
    };
    std::size_t refused = 0;
    for (int i = 0; i < 300; ++i) { // whatever is changed is refused, or is a forest that works
        auto changed = bytes;
        changed[32 + random() % (changed.size() - 40)] ^= static_cast<std::byte>(1 + random() % 255);
        reseal(changed);
        random_cut_forest into{small()};
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
