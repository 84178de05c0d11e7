// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/detect/tail_threshold.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <random>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using namespace std::chrono_literals;

namespace {

tail_threshold_options per_minute(double false_alerts_per_day) {
    tail_threshold_options options;
    options.false_alerts_per_day = false_alerts_per_day;
    options.interval = 60s;
    return options;
}

using generator = std::mt19937_64;

/// The share of values above the threshold as it was before each, over a million of them after a tenth to settle.
double exceeded(tail_threshold tail, generator& random, std::function<double(generator&)> const& draw) {
    std::size_t above = 0;
    constexpr std::size_t settling = 20'000;
    constexpr std::size_t size = 400'000;
    for (std::size_t i = 0; i < settling + size; ++i) {
        double const value = draw(random);
        above += i >= settling && value > tail.threshold() ? 1U : 0U;
        tail.learn(value);
    }
    return static_cast<double>(above) / size;
}

double gaussian(generator& random) {
    return std::normal_distribution<>{}(random);
}

} // namespace

TEST_CASE("detect: alerts a day and the interval give the chance of an alert") {
    CHECK(tail_threshold{per_minute(1)}.alert_probability() == Approx(1.0 / 1'440));
    CHECK(tail_threshold{per_minute(1e6)}.alert_probability() == 1);
}

TEST_CASE("detect: values of light and of heavy tails exceed the threshold about as often as asked for") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    generator random{seed};
    std::vector<std::pair<char const*, std::function<double(generator&)>>> const all{
        {"gaussian", gaussian},
        {"uniform", [](generator& g) { return std::uniform_real_distribution<>{0, 1}(g); }},
        {"exponential", [](generator& g) { return std::exponential_distribution<>{1}(g); }},
        {"student, 4 degrees", [](generator& g) { return std::student_t_distribution<>{4}(g); }},
    };
    for (auto const& [name, draw] : all) {
        for (double const asked : {14.4, 1.44}) { // one in 100 and in 1,000
            INFO(name << " " << asked);
            double const share = exceeded(tail_threshold{per_minute(asked)}, random, draw);
            CHECK(share > asked / 1'440 / 2);
            CHECK(share < asked / 1'440 * 2);
        }
    }
}

TEST_CASE("detect: fewer expected alerts raise the threshold, and what is learned does not depend on them") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    generator random{seed};
    tail_threshold often{per_minute(10)};
    tail_threshold rarely{per_minute(0.01)};
    for (int i = 0; i < 5'000; ++i) {
        double const value = gaussian(random);
        often.learn(value);
        rarely.learn(value);
    }
    CHECK(rarely.threshold() > often.threshold());
    CHECK(often.threshold_for(1e-5) == rarely.threshold_for(1e-5));
    double before = HUGE_VAL;
    for (double chance = 1e-9; chance < 1; chance *= 1.3) {
        CHECK(often.threshold_for(chance) <= before);
        before = often.threshold_for(chance);
    }
}

TEST_CASE("detect: the chance of a value is the inverse of the threshold, and falls") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    generator random{seed};
    tail_threshold tail{per_minute(1)};
    for (int i = 0; i < 20'000; ++i) {
        tail.learn(gaussian(random));
    }
    for (double const chance : {0.5, 0.1, 0.02, 1e-3, 1e-5}) {
        CHECK(tail.probability(tail.threshold_for(chance)) == Approx(chance).epsilon(1e-6));
    }
    double before = 1;
    for (double value = -5; value < 50; value += 0.05) {
        double const chance = tail.probability(value);
        REQUIRE(chance <= before);
        REQUIRE(chance >= 0);
        before = chance;
    }
    CHECK(tail.probability(std::numeric_limits<double>::infinity()) == 0);
    CHECK(tail.probability(std::nan("")) == 1);
}

TEST_CASE("detect: a threshold is free of scale") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    generator random{seed};
    tail_threshold plain{per_minute(1)};
    tail_threshold tiny{per_minute(1)};
    tail_threshold huge{per_minute(1)};
    for (int i = 0; i < 10'000; ++i) {
        double const value = gaussian(random);
        plain.learn(value);
        tiny.learn(value * 1e-250);
        huge.learn(value * 1e250);
    }
    CHECK(tiny.threshold() == Approx(plain.threshold() * 1e-250).epsilon(1e-6));
    CHECK(huge.threshold() == Approx(plain.threshold() * 1e250).epsilon(1e-6));
}

TEST_CASE("detect: before there is a tail, no value is too high") {
    tail_threshold tail;
    CHECK_FALSE(tail.warm());
    CHECK(std::isinf(tail.threshold()));
    CHECK(tail.probability(1e300) == 1);
    for (int i = 0; i < 10'000; ++i) {
        tail.learn(3); // never differs
    }
    CHECK_FALSE(tail.warm());
    CHECK(std::isinf(tail.threshold()));
}

TEST_CASE("detect: values that are not finite leave no trace, and one huge value next to none") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    generator random{seed};
    tail_threshold tail{per_minute(1)};
    for (int i = 0; i < 20'000; ++i) {
        tail.learn(gaussian(random));
    }
    double const before = tail.threshold();
    tail.learn(std::nan(""));
    tail.learn(HUGE_VAL);
    tail.learn(-HUGE_VAL);
    CHECK(tail.threshold() == before);
    for (int i = 0; i < 20; ++i) {
        tail.learn(1e12);
    }
    CHECK(tail.threshold() < 4 * before);
}

TEST_CASE("detect: a saved threshold goes on as the other does") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    generator random{seed};
    tail_threshold tail{per_minute(1)};
    for (int i = 0; i < 3'000; ++i) {
        tail.learn(gaussian(random));
    }
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    tail.save(out);
    tail_threshold other{per_minute(1)};
    state_reader in{bytes};
    REQUIRE_FALSE(other.load(in));
    for (int i = 0; i < 3'000; ++i) {
        double const value = gaussian(random);
        tail.learn(value);
        other.learn(value);
        REQUIRE(tail.threshold() == other.threshold());
    }
    tail_threshold unlike{per_minute(2)};
    state_reader again{bytes};
    CHECK(unlike.load(again) == state_error::other_options);
    tail.reset();
    CHECK_FALSE(tail.warm());
}

TEST_CASE("detect: a chance that is asked for often has the threshold that it has otherwise") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    generator random{seed};
    std::exponential_distribution<> any;
    tail_threshold tail;
    tail_threshold::asked rare{1e-5};
    tail_threshold::asked often{0.3};
    for (int i = 0; i < 5'000; ++i) {
        tail.learn(any(random));
        REQUIRE(tail.threshold_for(rare) == tail.threshold_for(1e-5));
        REQUIRE(tail.threshold_for(often) == tail.threshold_for(0.3));
    }
    tail.reset();
    CHECK(tail.threshold_for(rare) == HUGE_VAL);
}

TEST_CASE("detect: options of a tail threshold are checked") {
    CHECK_THROWS_AS(tail_threshold{per_minute(0)}, orfeas::option_error);
    CHECK_THROWS_AS(tail_threshold{tail_threshold_options{.tail_share = 0.5}}, orfeas::option_error);
}
