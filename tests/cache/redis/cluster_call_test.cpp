// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/cluster_call.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redis = orfeas::cache::redis;
using namespace std::chrono_literals;
using orfeas::monotonic_time;
using redis::cluster_action;
using redis::cluster_call;
using redis::cluster_decision;
using redis::command_fate;

namespace {

monotonic_time const start{1h};
redis::node_address const node{"10.0.0.1", 7000};

cluster_call call(std::chrono::nanoseconds patience = 10s, bool repeatable = true) {
    return cluster_call{{}, start + patience, 1, repeatable};
}

} // namespace

TEST_CASE("cache: an ordinary error is the command's answer") {
    auto one = call();
    auto const next = one.on_error("WRONGTYPE Operation against a key holding the wrong kind of value", node, start);
    CHECK(next.action == cluster_action::deliver);
    CHECK_FALSE(next.refresh);
    CHECK(one.on_error("WRONGTYPE", node, start + 20s).action == cluster_action::deliver);
}

TEST_CASE("cache: MOVED goes to the new owner at once, is noted, and has the map refreshed") {
    auto one = call();
    auto const next = one.on_error("MOVED 3999 10.0.0.2:7001", node, start);
    CHECK(next.action == cluster_action::send);
    CHECK(next.to == redis::node_address{"10.0.0.2", 7001});
    CHECK(next.wait == 0ns);
    CHECK(next.refresh);
    CHECK(next.learned == redis::redirection{3999, {"10.0.0.2", 7001}});
}

TEST_CASE("cache: ASK goes there once behind ASKING, and the map stays") {
    auto one = call();
    auto const next = one.on_error("ASK 3999 :7001", node, start);
    CHECK(next.action == cluster_action::send_asking);
    CHECK(next.to == redis::node_address{"10.0.0.1", 7001});
    CHECK(next.wait == 0ns);
    CHECK_FALSE(next.refresh);
    CHECK_FALSE(next.learned);
}

TEST_CASE("cache: a redirection to nowhere waits for the map") {
    auto one = call();
    for (auto const text : {"MOVED 3999 ?:7001", "MOVED", "ASK 99999 a:1"}) {
        auto const next = one.on_error(text, node, start);
        CHECK(next.action == cluster_action::send);
        CHECK_FALSE(next.to);
        CHECK(next.refresh);
        CHECK(next.wait > 0ns);
    }
}

TEST_CASE("cache: no more than five redirects are followed, the later ones after a wait") {
    auto one = call();
    for (int i = 0; i < 5; ++i) {
        auto const next = one.on_error(i % 2 == 0 ? "MOVED 1 a:1" : "ASK 1 b:1", node, start);
        CHECK((next.action == cluster_action::send || next.action == cluster_action::send_asking));
        CHECK((next.wait > 0ns) == (i >= 2));
    }
    auto const last = one.on_error("MOVED 1 a:1", node, start);
    CHECK(last.action == cluster_action::too_many_redirects);
    CHECK(last.refresh);
    CHECK(one.redirects() == 5);
    cluster_call strict{{.redirects = 0}, start + 1s, 1};
    CHECK(strict.on_error("MOVED 1 a:1", node, start).action == cluster_action::too_many_redirects);
}

TEST_CASE("cache: what passes by itself is waited for, and then the map decides") {
    struct expectation {
        std::string_view error;
        bool refresh;
        bool primary_only;
    };
    for (auto const& [error, refresh, primary_only] :
         {expectation{"TRYAGAIN Multiple keys request during rehashing of slot", false, false},
          expectation{"CLUSTERDOWN The cluster is down", true, false},
          expectation{"LOADING Redis is loading", true, true},
          expectation{"READONLY You can't write against a read only replica.", true, false},
          expectation{"MASTERDOWN Link with MASTER is down", false, true}}) {
        INFO(error);
        auto one = call();
        auto const next = one.on_error(error, node, start);
        CHECK(next.action == cluster_action::send);
        CHECK_FALSE(next.to);
        CHECK(next.wait >= 1ms);
        CHECK(next.wait <= 2ms);
        CHECK(next.refresh == refresh);
        CHECK(next.primary_only == primary_only);
    }
}

TEST_CASE("cache: a call that was turned away by a replica stays with the primary") {
    auto one = call();
    one.on_error("MASTERDOWN Link with MASTER is down", node, start);
    CHECK(one.on_error("MOVED 1 a:1", node, start).primary_only);
    CHECK(one.on_error("TRYAGAIN", node, start).primary_only);
}

TEST_CASE("cache: waits double up to the most, each between half of it and all") {
    cluster_call one{{.first_wait = 4ms, .most_wait = 30ms}, start + 10s, 99};
    for (auto const whole : {4ms, 8ms, 16ms, 30ms, 30ms}) {
        auto const next = one.on_error("TRYAGAIN", node, start);
        CHECK(next.wait >= whole / 2);
        CHECK(next.wait <= whole);
    }
    cluster_call other{{.first_wait = 4ms, .most_wait = 30ms}, start + 10s, 100};
    cluster_call again{{.first_wait = 4ms, .most_wait = 30ms}, start + 10s, 100};
    auto const wait = other.on_error("TRYAGAIN", node, start).wait;
    CHECK(wait == again.on_error("TRYAGAIN", node, start).wait);
    cluster_call long_lived{{.first_wait = 1h, .most_wait = 1h}, monotonic_time::max(), 1};
    for (int i = 0; i < 100; ++i) {
        CHECK(long_lived.on_error("TRYAGAIN", node, start).wait <= 1h);
    }
}

TEST_CASE("cache: no wait begins that would end after the deadline") {
    auto one = call(1ms);
    CHECK(one.on_error("TRYAGAIN", node, start).action == cluster_action::out_of_time);
    auto late = call(10s);
    CHECK(late.on_error("MOVED 1 a:1", node, start + 10s).action == cluster_action::out_of_time);
    auto in_time = call(10s);
    CHECK(in_time.on_error("MOVED 1 a:1", node, start + 10s - 1ns).action == cluster_action::send);
}

TEST_CASE(
    "cache: a failed connection is tried again, unless the command may have been executed and must not be twice") {
    auto one = call();
    auto const next = one.on_failure(command_fate::uncertain, start);
    CHECK(next.action == cluster_action::send);
    CHECK(next.refresh);
    CHECK(next.wait > 0ns);
    auto once = call(10s, false);
    CHECK(once.on_failure(command_fate::not_sent, start).action == cluster_action::send);
    auto const given_up = once.on_failure(command_fate::uncertain, start);
    CHECK(given_up.action == cluster_action::deliver);
    CHECK(given_up.refresh);
    auto unmapped = call();
    CHECK(unmapped.on_unmapped(start).refresh);
    CHECK(unmapped.on_unmapped(start).action == cluster_action::send);
}

TEST_CASE("cache: every sequence of answers ends in time and within the redirects") {
    std::vector<std::string> const answers{"MOVED 1 a:1", "ASK 1 b:2",  "TRYAGAIN x",  "CLUSTERDOWN x", "LOADING x",
                                           "READONLY x",  "MASTERDOWN", "MOVED 1 ?:1", "lost"};
    std::size_t sequences = 0;
    std::size_t ended = 0;
    std::size_t const length = 6;
    std::size_t total = 1;
    for (std::size_t i = 0; i < length; ++i) {
        total *= answers.size();
    }
    for (std::size_t code = 0; code < total; ++code, ++sequences) {
        cluster_call one{{.redirects = 3}, start + 30ms, code};
        monotonic_time now = start;
        std::size_t rest = code;
        std::uint32_t followed = 0;
        for (std::size_t i = 0; i < length; ++i, rest /= answers.size()) {
            auto const& answer = answers[rest % answers.size()];
            auto const next =
                answer == "lost" ? one.on_failure(command_fate::uncertain, now) : one.on_error(answer, node, now);
            bool const sends = next.action == cluster_action::send || next.action == cluster_action::send_asking;
            bool const follows = sends && next.to.has_value();
            bool const asks = answer.starts_with("ASK");
            followed += follows ? 1U : 0U;
            bool const sound = next.action != cluster_action::deliver && followed <= 3 &&
                               next.learned.has_value() == (follows && !asks) &&
                               (next.action == cluster_action::send_asking) == (follows && asks) &&
                               (!sends || now + next.wait < start + 30ms) && (sends || next.refresh);
            if (!sound) {
                INFO("sequence " << code << ", answer " << i << ": " << answer);
                REQUIRE(sound);
            }
            if (!sends) {
                ++ended;
                break;
            }
            now += next.wait + 100us;
        }
    }
    CHECK(sequences == total);
    CHECK(ended > 0);
}
