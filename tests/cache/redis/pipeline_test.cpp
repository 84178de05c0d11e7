// SPDX-License-Identifier: MIT
#include "cache/redis/recorded_call.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/redis/pipeline.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
namespace redis = orfeas::cache::redis;
using orfeas_test::recorded_call;

namespace {

struct fixture {
    orfeas::manual_clock clock;
    std::vector<std::string> order;
    redis::pipeline line{redis::pipeline_limits{.stall = 1s, .idle = 10s}};

    fixture() { line.restart(clock.now()); }

    std::shared_ptr<recorded_call> send(std::string const& name, std::size_t commands = 1,
                                        std::chrono::milliseconds wait = 500ms) {
        auto sent = std::make_shared<recorded_call>(name, order, commands, 0, clock.now() + wait);
        line.sent(sent, clock.now());
        return sent;
    }

    redis::received receive(std::string_view bytes) {
        bytes.copy(line.prepare(bytes.size() + 1), bytes.size());
        return line.commit(bytes.size(), clock.now(), 1,
                           [this](redis::reply_view push) { order.push_back("push " + std::string{push[0].text()}); });
    }

    /// Fails what is due, as the connection does.
    std::size_t expire() {
        std::vector<std::shared_ptr<redis::call>> expired;
        line.expire(clock.now(), expired);
        for (auto const& each : expired) {
            each->fail(make_error_code(redis::error::timed_out));
        }
        return expired.size();
    }
};

} // namespace

TEST_CASE("redis pipeline: replies find their calls by order, however they are cut") {
    fixture f;
    auto const a = f.send("a", 2);
    auto const b = f.send("b");
    CHECK(f.receive("+1\r\n$3\r\nx").succeeded == 0);
    CHECK_FALSE(a->done);
    CHECK(f.receive("yz\r\n:7").succeeded == 1);
    REQUIRE(a->done);
    CHECK(a->done->replies.size() == 2);
    CHECK(a->done->replies[1].string() == "xyz");
    CHECK(a->done->generation == 1);
    CHECK(f.receive("\r\n").succeeded == 1);
    CHECK(b->done->replies[0].number() == 7);
    CHECK(f.line.in_flight() == 0);
}

TEST_CASE("redis pipeline: pushes are told of at their place between the replies") {
    fixture f;
    f.send("a");
    f.send("b");
    f.send("c");
    auto const done = f.receive(">1\r\n+p\r\n:1\r\n:2\r\n>1\r\n+q\r\n>1\r\n+r\r\n:3\r\n>1\r\n+s\r\n");
    CHECK(done.pushes == 4);
    CHECK(done.succeeded == 3);
    CHECK(f.order == std::vector<std::string>{"push p", "a", "b", "push q", "push r", "c", "push s"});
}

TEST_CASE("redis pipeline: a call whose deadline passes is failed, and its replies are dropped when they come") {
    fixture f;
    auto const slow = f.send("slow", 2, 10ms);
    auto const other = f.send("other", 1, 500ms);
    CHECK(f.receive("$5\r\nab").succeeded == 0); // in the midst of its first reply
    CHECK(f.expire() == 0);
    CHECK(f.line.next_deadline() == f.clock.now() + 10ms);
    f.clock.advance(10ms);
    CHECK(f.expire() == 1);
    CHECK(slow->done->error == make_error_code(redis::error::timed_out));
    CHECK(f.line.next_deadline() == f.clock.now() + 490ms);
    CHECK(f.expire() == 0);
    CHECK(f.line.in_flight() == 2);
    auto const done = f.receive("cde\r\n*1\r\n:1\r\n+mine\r\n");
    CHECK(done.succeeded == 1);
    CHECK(other->done->replies[0].text() == "mine");
    CHECK(other->done->replies.size() == 1);
}

TEST_CASE("redis pipeline: a caller that leaves harms nobody") {
    fixture f;
    auto const left = f.send("left");
    auto const stays = f.send("stays");
    left->fail(make_error_code(redis::error::timed_out));
    CHECK(f.receive("+gone\r\n+here\r\n").succeeded == 1);
    CHECK(stays->done->replies[0].text() == "here");
}

TEST_CASE("redis pipeline: what is no reply, or nobody's, ends the stream") {
    fixture f;
    CHECK(f.receive("+nobody asked\r\n").failure == redis::error::protocol_violation);
    f.line.restart(f.clock.now());
    f.send("a");
    auto const done = f.receive("+fine\r\nHTTP/1.1 400\r\n");
    CHECK(done.succeeded == 1);
    CHECK(done.failure == redis::error::protocol_violation);
    redis::pipeline small{redis::pipeline_limits{.reply = {.text_bytes = 4}}};
    small.restart(f.clock.now());
    small.sent(std::make_shared<recorded_call>("x", f.order, 1, 0, f.clock.now() + 1s), f.clock.now());
    std::memcpy(small.prepare(4), "$5\r\n", 4);
    CHECK(small.commit(4, f.clock.now(), 1, [](redis::reply_view) {}).failure == redis::error::reply_too_large);
}

TEST_CASE("redis pipeline: a stall is the time without a byte while replies are due") {
    fixture f;
    f.clock.advance(5s);
    CHECK_FALSE(f.line.is_stalled(f.clock.now()));
    f.send("a", 1, 60s);
    f.clock.advance(999ms);
    CHECK_FALSE(f.line.is_stalled(f.clock.now()));
    f.send("b", 1, 60s); // does not prolong it
    CHECK(f.line.next_deadline() == f.clock.now() + 1ms);
    f.clock.advance(1ms);
    CHECK(f.line.is_stalled(f.clock.now()));
    f.receive("+");
    CHECK_FALSE(f.line.is_stalled(f.clock.now()));
    f.receive("\r\n");
    f.clock.advance(999ms);
    CHECK_FALSE(f.line.is_stalled(f.clock.now()));
    f.clock.advance(1ms);
    CHECK(f.line.is_stalled(f.clock.now()));
    f.receive("+\r\n");
    f.clock.advance(5s);
    CHECK_FALSE(f.line.is_stalled(f.clock.now()));
}

TEST_CASE("redis pipeline: a ping is due when nothing came for long and nothing is under way") {
    fixture f;
    CHECK(f.line.next_deadline() == f.clock.now() + 10s);
    f.clock.advance(9s);
    CHECK_FALSE(f.line.is_ping_due(f.clock.now()));
    f.receive(">1\r\n+p\r\n");
    f.clock.advance(9s);
    CHECK_FALSE(f.line.is_ping_due(f.clock.now()));
    f.clock.advance(1s);
    CHECK(f.line.is_ping_due(f.clock.now()));
    f.send("ping");
    CHECK_FALSE(f.line.is_ping_due(f.clock.now()));
}

TEST_CASE("redis pipeline: at the end of a connection all calls are taken out, and a new stream begins clean") {
    fixture f;
    f.send("a");
    f.send("b");
    f.receive("$100\r\nabc");
    CHECK(f.line.take_all().size() == 2);
    f.line.restart(f.clock.now());
    auto const c = f.send("c");
    CHECK(f.receive("+OK\r\n").succeeded == 1);
    CHECK(c->done->replies[0].text() == "OK");
}

TEST_CASE("redis pipeline: under random timeouts and cuts every call gets its own reply or none") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    fixture f;
    struct made {
        std::shared_ptr<recorded_call> call;
        std::vector<std::string> replies;
    };
    std::vector<made> all;
    std::string stream; // what the server has still to send
    for (int step = 0; step < 5000; ++step) {
        auto const dice = random() % 100;
        if (dice < 40) {
            made m;
            for (auto commands = 1 + random() % 3; commands > 0; --commands) {
                m.replies.push_back(std::to_string(random()));
                stream += "$" + std::to_string(m.replies.back().size()) + "\r\n" + m.replies.back() + "\r\n";
                if (random() % 8 == 0) {
                    stream += ">1\r\n+push\r\n";
                }
            }
            m.call = f.send("call", m.replies.size(), std::chrono::milliseconds{random() % 40});
            all.push_back(std::move(m));
        } else if (dice < 90) {
            auto const bytes = std::min<std::size_t>(stream.size(), random() % 60);
            REQUIRE_FALSE(f.receive(std::string_view{stream}.substr(0, bytes)).failure);
            stream.erase(0, bytes);
        } else {
            f.clock.advance(std::chrono::milliseconds{random() % 10});
            f.expire();
        }
    }
    REQUIRE_FALSE(f.receive(stream).failure);
    CHECK(f.line.in_flight() == 0);
    std::size_t answered = 0;
    for (auto const& each : all) {
        REQUIRE(each.call->done);
        if (*each.call->done) {
            ++answered;
            REQUIRE(each.call->done->replies.size() == each.replies.size());
            for (std::size_t i = 0; i < each.replies.size(); ++i) {
                REQUIRE(each.call->done->replies[i].text() == each.replies[i]);
            }
        }
    }
    CHECK(answered > 0);
    CHECK(answered < all.size());
}
