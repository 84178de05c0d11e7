// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/scale/behavior.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace scale = orfeas::scale;
using namespace std::chrono_literals;
using scale::policy_kind;
using scale::scaling_term;

namespace {

scale::scaling_rules rules(std::vector<scale::scaling_policy> policies, std::chrono::seconds window = 0s) {
    return {std::move(policies), scale::policy_choice::max, window};
}

scale::scaling_rules const all_at_once = rules({{policy_kind::percent, 1'000'000, 1s}});

} // namespace

TEST_CASE("a policy counts what has changed within its period, whoever changed it", "[scale]") {
    scale::behavior made{rules({{policy_kind::pods, 4, 60s}}), all_at_once, 100};
    scale::scaling_bounds const within{1, 100};
    made.observe(0s, 10);
    CHECK(made.pace(30, within) == scale::paced_replicas{14, scaling_term::scale_up_policy});
    made.observe(15s, 14);
    CHECK(made.pace(30, within) == scale::paced_replicas{14, scaling_term::scale_up_policy});
    made.observe(30s, 12); // somebody took two away
    CHECK(made.pace(30, within) == scale::paced_replicas{14, scaling_term::scale_up_policy});
    made.observe(59s, 14);
    CHECK(made.pace(30, within).replicas == 14);
    made.observe(61s, 14); // the four of the begin are forgotten; minus two and plus two remain
    CHECK(made.pace(30, within).replicas == 18);
}

TEST_CASE("advice that nobody follows does not count as done", "[scale]") {
    scale::behavior made{rules({{policy_kind::pods, 4, 60s}}), all_at_once, 100};
    for (int i = 0; i < 10; ++i) {
        made.observe(i * 1s, 10);
        CHECK(made.pace(30, {1, 100}).replicas == 14);
    }
}

TEST_CASE("windows hold a number back until what was wanted before is old", "[scale]") {
    scale::behavior made{rules({{policy_kind::percent, 1'000'000, 1s}}, 30s),
                         rules({{policy_kind::percent, 100, 1s}}, 60s), 100};
    scale::scaling_bounds const within{1, 100};
    made.observe(0s, 5);
    CHECK(made.pace(9, within) == scale::paced_replicas{5, scaling_term::scale_up_stabilized});
    made.observe(29s, 5);
    CHECK(made.pace(9, within).replicas == 5);
    made.observe(30s, 5); // what was there at the begin is 30 s old
    CHECK(made.pace(12, within) == scale::paced_replicas{9, scaling_term::scale_up_stabilized});
    made.observe(40s, 9);
    CHECK(made.pace(2, within) == scale::paced_replicas{9, scaling_term::scale_down_stabilized});
    made.observe(89s, 9);
    CHECK(made.pace(2, within).replicas == 9);
    made.observe(90s, 9);
    CHECK(made.pace(2, within) == scale::paced_replicas{2, scaling_term::steady});
}

TEST_CASE("bounds name what they come from", "[scale]") {
    scale::behavior made{all_at_once, all_at_once, 100};
    made.observe(0s, 10);
    CHECK(made.pace(1'000, {1, 100}) == scale::paced_replicas{100, scaling_term::maximum});
    CHECK(made.pace(50, {1, 12, scaling_term::budget}) == scale::paced_replicas{12, scaling_term::budget});
    CHECK(made.pace(1, {3, 100}) == scale::paced_replicas{3, scaling_term::minimum});
    CHECK(made.pace(100, {1, 100}) == scale::paced_replicas{100, scaling_term::steady});
}

TEST_CASE("per cents are counted in whole numbers: 10 % of 100 are 10", "[scale]") {
    scale::behavior made{rules({{policy_kind::percent, 10, 15s}}), rules({{policy_kind::percent, 10, 15s}}), 1'000};
    made.observe(0s, 100);
    CHECK(made.pace(500, {1, 1'000}).replicas == 110);
    CHECK(made.pace(1, {1, 1'000}).replicas == 90);
    made.observe(15s, 101);
    CHECK(made.pace(500, {1, 1'000}).replicas == 112); // 11.1 more than 101: no fewer than one would do
}

TEST_CASE("wanting more at each step never makes it fewer", "[scale]") {
    std::mt19937 random{7};
    for (int run = 0; run < 300; ++run) {
        auto const below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
        auto const some = [&] {
            return rules({{below(2) == 0 ? policy_kind::pods : policy_kind::percent, 1 + below(60),
                           std::chrono::seconds{1 + below(120)}}},
                         std::chrono::seconds{below(100)});
        };
        scale::behavior one{some(), some(), 50};
        auto more = one;
        std::uint32_t current = 1 + below(50);
        std::chrono::seconds now{0};
        for (int i = 0; i < 60; ++i) {
            one.observe(now, current);
            more.observe(now, current);
            auto const wanted = below(70);
            auto const least = one.pace(wanted, {1, 50}).replicas;
            auto const most = more.pace(wanted + below(20), {1, 50}).replicas;
            REQUIRE(most >= least);
            current = below(3) == 0 ? least : most;
            now += std::chrono::seconds{1 + below(30)};
        }
    }
}

TEST_CASE("more changes than are kept count for longer, never for shorter", "[scale]") {
    scale::behavior made{rules({{policy_kind::pods, 100, 1'800s}}), all_at_once, 10'000};
    for (std::uint32_t i = 0; i < 1'000; ++i) { // one more each second
        made.observe(std::chrono::seconds{i}, 10 + i);
    }
    CHECK(made.pace(9'000, {1, 10'000}).replicas == 1'009); // 999 within half an hour: no more
    made.observe(1'799s, 1'009);
    CHECK(made.pace(9'000, {1, 10'000}).replicas == 1'009);
    made.observe(2'900s, 1'009); // all is forgotten at last
    CHECK(made.pace(9'000, {1, 10'000}).replicas == 1'109);
}
