// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/http/websocket_outbox.hpp>

#include <deque>
#include <random>

using namespace std::chrono_literals;
using outbox = orfeas::http::websocket_outbox;

namespace {

outbox::payload text(std::string const& s) {
    return std::make_shared<std::string const>(s);
}

std::string taken(outbox& box, orfeas::monotonic_time now = {}) {
    auto const message = box.take(now);
    return message ? *message : "-";
}

} // namespace

TEST_CASE("http: an outbox sends one message at a time") {
    outbox box{4};
    CHECK(taken(box) == "-");
    CHECK(box.push(text("a")));
    CHECK(box.push(text("b")));
    CHECK(taken(box) == "a");
    CHECK(box.is_sending());
    CHECK(taken(box) == "-");
    box.sent();
    CHECK(taken(box) == "b");
    box.sent();
    CHECK(box.is_empty());
}

TEST_CASE("http: a newer latest message replaces the one that waits, and that is counted") {
    outbox box{4};
    CHECK_FALSE(box.replace_latest(text("1")));
    CHECK(taken(box) == "1");
    CHECK_FALSE(box.replace_latest(text("2"))); // 1 is on its way, so nothing is skipped
    CHECK(box.replace_latest(text("3")));
    CHECK(box.replace_latest(text("4")));
    CHECK(box.skipped() == 2);
    box.sent();
    CHECK(taken(box) == "4");
    box.sent();
    CHECK(taken(box) == "-");
}

TEST_CASE("http: ordered messages go before the latest one and are bounded") {
    outbox box{2};
    box.replace_latest(text("latest"));
    CHECK(box.push(text("a")));
    CHECK(box.push(text("b")));
    CHECK_FALSE(box.push(text("c")));
    std::string order;
    for (auto message = taken(box); message != "-"; message = taken(box)) {
        order += message + " ";
        box.sent();
    }
    CHECK(order == "a b latest ");
}

TEST_CASE("http: a message that stays on its way too long is a stall") {
    orfeas::manual_clock clock;
    outbox box{1};
    CHECK_FALSE(box.is_stalled(clock.now(), 10s));
    box.push(text("a"));
    CHECK(taken(box, clock.now()) == "a");
    clock.advance(10s);
    CHECK_FALSE(box.is_stalled(clock.now(), 10s));
    clock.advance(1ns);
    CHECK(box.is_stalled(clock.now(), 10s));
    box.sent();
    CHECK_FALSE(box.is_stalled(clock.now(), 10s));
}

TEST_CASE("http: sent, waiting and skipped messages add up, whatever the order of events") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    outbox box{3};
    std::uint64_t offered = 0;
    std::uint64_t sent = 0;
    std::deque<std::string> ordered; // the model: what must come, in order
    std::string latest;
    for (int i = 0; i < 20'000; ++i) {
        auto const name = std::to_string(i);
        switch (random() % 4) {
        case 0:
            box.replace_latest(text("L" + name));
            latest = "L" + name;
            ++offered;
            break;
        case 1: {
            bool const fits = ordered.size() < 3;
            REQUIRE(box.push(text(name)) == fits);
            if (fits) {
                ordered.push_back(name);
            }
            break;
        }
        case 2: {
            bool const was_sending = box.is_sending();
            auto const message = taken(box);
            if (was_sending) {
                REQUIRE(message == "-");
            } else if (!ordered.empty()) {
                REQUIRE(message == ordered.front());
                ordered.pop_front();
            } else {
                REQUIRE(message == (latest.empty() ? "-" : latest));
                sent += latest.empty() ? 0U : 1U;
                latest.clear();
            }
            break;
        }
        default:
            box.sent();
        }
        REQUIRE(offered == sent + box.skipped() + (latest.empty() ? 0 : 1));
        REQUIRE(box.is_empty() == (ordered.empty() && latest.empty()));
    }
    CHECK(box.skipped() > 0);
}
