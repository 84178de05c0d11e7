// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/forecast/health_score.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <random>

using namespace orfeas::forecast;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

health_inputs untroubled() {
    return {.memory_use = 0.5,
            .minutes_to_critical = 600,
            .hit_ratio = 0.95,
            .latency_ratio = 0.5,
            .error_ratio = 0,
            .anomaly_score = 0.1};
}

std::array<std::optional<double>*, 6> members(health_inputs& of) {
    return {&of.memory_use,    &of.minutes_to_critical, &of.hit_ratio,
            &of.latency_ratio, &of.error_ratio,         &of.anomaly_score};
}

} // namespace

TEST_CASE("forecast: what is not strained or not known scores 100") {
    health_score const health;
    auto const all = health.assess(untroubled());
    CHECK(all.score == 100);
    CHECK(all.list().size() == 6);
    CHECK(all.worst() == nullptr);
    auto const nothing = health.assess({});
    CHECK(nothing.score == 100);
    CHECK(nothing.list().empty());
    auto const unknown = health.assess({.memory_use = not_a_number, .error_ratio = HUGE_VAL});
    CHECK(unknown.list().empty());
}

TEST_CASE("forecast: a full strain costs its share, and the terms say what costs how much") {
    health_score const health;
    auto in = untroubled();
    in.memory_use = 0.99;
    auto const said = health.assess(in);
    CHECK(said.score == Approx(30));
    REQUIRE(said.worst() != nullptr);
    CHECK(said.worst()->name == "memory_use");
    CHECK(said.worst()->strain == 1);
    CHECK(said.worst()->cost == Approx(70));
    in.error_ratio = 1;
    CHECK(health.assess(in).score == Approx(30)); // the mean is 5 of 11
    for (auto* each : members(in)) {
        *each = each == &in.minutes_to_critical || each == &in.hit_ratio ? 0.0 : 10.0;
    }
    CHECK(health.assess(in).score == 0);
}

TEST_CASE("forecast: the score never rises when an input gets worse") {
    health_score const health;
    std::mt19937 random{5};
    std::uniform_real_distribution<> share{0, 1};
    for (int round = 0; round < 2'000; ++round) {
        health_inputs in{share(random),     90 * share(random),  share(random),
                         3 * share(random), 0.1 * share(random), share(random)};
        auto const before = health.assess(in);
        auto const which = static_cast<std::size_t>(round) % 6;
        double& value = **members(in)[which];
        bool const falls = which == 1 || which == 2; // worse when lower
        value = falls ? value * share(random) : value + share(random);
        auto const after = health.assess(in);
        INFO("seed 5, round " << round);
        CHECK(after.score <= before.score);
        CHECK(after.score >= 0);
        CHECK(before.score <= 100);
        for (auto const& each : after.list()) {
            CHECK(each.cost >= 0);
        }
    }
}

TEST_CASE("forecast: options of a health score are checked") {
    health_options options;
    options.memory_use_full = 0.5;
    CHECK_THROWS_AS(health_score{options}, orfeas::option_error);
    options = {};
    options.hit_ratio_full = 0.9;
    CHECK_THROWS_AS(health_score{options}, orfeas::option_error);
    options = {};
    options.error_ratio_weight = -1;
    CHECK_THROWS_AS(health_score{options}, orfeas::option_error);
    options = {};
    options.memory_use_weight = 0; // leaves the term out
    health_score const health{options};
    CHECK(health.assess({.memory_use = 1}).score == 100);
}
