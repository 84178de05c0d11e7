// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/export/pipeline.hpp>

#include <chrono>
#include <deque>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using orfeas::monotonic_time;
using orfeas::exporting::drop_reason;
using orfeas::exporting::pipeline_limits;
using pipeline = orfeas::exporting::pipeline<int>;
using what = pipeline::what;

namespace {

monotonic_time const start{std::chrono::hours{1}};

pipeline_limits small() {
    pipeline_limits limits;
    limits.queue_items = 10;
    limits.queue_bytes = 1000;
    limits.batch_items = 4;
    limits.batch_bytes = 400;
    limits.schedule_delay = 5s;
    limits.retry_first = 1s;
    limits.retry_most = 8s;
    limits.attempts = 3;
    return limits;
}

std::vector<int> elements(pipeline const& p) {
    return {p.batch().begin(), p.batch().end()};
}

} // namespace

TEST_CASE("pipeline: a batch goes out when it is full or old", "[export][pipeline]") {
    pipeline p{small(), 1};
    CHECK(p.next(start).action == what::wait);
    CHECK(p.next(start).until == monotonic_time::max());
    CHECK(p.push(1, {1, 10}, start)); // the first wakes: there is a new time to wait for
    CHECK(p.next(start).until == start + 5s);
    CHECK_FALSE(p.push(2, {1, 10}, start + 1s));
    CHECK(p.next(start + 4999ms).action == what::wait);
    CHECK(p.next(start + 5s).action == what::send);
    CHECK(elements(p) == std::vector{1, 2});
    p.sending(100);
    p.accepted(0);
    CHECK(p.stats().exported == 2);

    for (int i = 0; i < 3; ++i) {
        p.push(int{i}, {1, 10}, start + 6s);
    }
    CHECK(p.next(start + 6s).action == what::wait);
    CHECK(p.push(3, {1, 10}, start + 6s)); // full
    CHECK_FALSE(p.push(4, {1, 10}, start + 6s));
    CHECK(p.next(start + 6s).action == what::send);
    CHECK(elements(p) == std::vector{0, 1, 2, 3});
    CHECK(p.stats().queued == 1);
    CHECK(p.stats().in_flight == 4);
    CHECK(p.stats().is_balanced());
}

TEST_CASE("pipeline: bytes fill a batch too, and a large element goes alone", "[export][pipeline]") {
    pipeline p{small(), 1};
    p.push(1, {1, 150}, start);
    p.push(2, {1, 150}, start);
    CHECK(p.push(3, {1, 150}, start));
    CHECK(p.next(start).action == what::send);
    CHECK(elements(p) == std::vector{1, 2});
    p.accepted(0);
    p.push(4, {9, 500}, start);
    CHECK(p.next(start).action == what::send);
    CHECK(elements(p) == std::vector{3});
    p.accepted(0);
    CHECK(p.next(start).action == what::send);
    CHECK(elements(p) == std::vector{4});
    CHECK(p.stats().in_flight == 9);
}

TEST_CASE("pipeline: what does not fit is dropped by reason", "[export][pipeline]") {
    pipeline p{small(), 1};
    p.push(1, {8, 100}, start);
    CHECK_FALSE(p.push(2, {3, 100}, start));
    CHECK(p.stats().dropped(drop_reason::queue_full) == 3);
    CHECK_FALSE(p.push(3, {1, 901}, start));
    CHECK(p.stats().dropped(drop_reason::queue_bytes) == 1);
    p.push(4, {2, 900}, start);
    CHECK(p.stats().queued == 10);
    CHECK(p.stats().queued_bytes == 1000);
    p.push(5, {1, 0}, start);
    CHECK(p.stats().dropped(drop_reason::queue_full) == 4);
    CHECK(p.stats().produced == 15);
    CHECK(p.stats().is_balanced());
}

TEST_CASE("pipeline: an element of more items than the queue may hold goes alone", "[export][pipeline]") {
    pipeline p{small(), 1};
    p.push(1, {1, 10}, start);
    p.push(2, {11, 10}, start);
    CHECK(p.stats().dropped(drop_reason::queue_full) == 11); // it is not the only one
    CHECK(p.next(start + 5s).action == what::send);
    p.sending(1);
    p.accepted(0);
    CHECK(p.push(3, {11, 10}, start + 6s));
    p.push(4, {1, 10}, start + 6s);
    CHECK(p.stats().dropped(drop_reason::queue_full) == 12); // now there is no room beside it
    CHECK(p.next(start + 6s).action == what::send);
    CHECK(elements(p) == std::vector{3});
    p.sending(1);
    p.accepted(0);
    CHECK(p.stats().exported == 12);
    CHECK(p.stats().is_balanced());
}

TEST_CASE("pipeline: an unreachable receiver is tried again, later and later, then given up", "[export][pipeline]") {
    pipeline p{small(), 7};
    p.push(1, {4, 10}, start);
    auto now = start;
    for (auto const step : {1s, 2s}) {
        REQUIRE(p.next(now).action == what::send);
        p.sending(50);
        p.unreachable(std::nullopt, now);
        auto const next = p.next(now);
        REQUIRE(next.action == what::wait);
        CHECK(next.until - now >= step / 2);
        CHECK(next.until - now <= step);
        now = next.until;
    }
    REQUIRE(p.next(now).action == what::send);
    p.sending(50);
    p.unreachable(std::nullopt, now);
    CHECK(p.stats().dropped(drop_reason::retries_exhausted) == 4);
    CHECK(p.stats().requests_total == 3);
    CHECK(p.stats().retries_total == 2);
    CHECK(p.stats().batches_total == 1);
    CHECK(p.next(now).until == monotonic_time::max());
}

TEST_CASE("pipeline: a receiver's wish for a wait is granted", "[export][pipeline]") {
    pipeline p{small(), 7};
    p.push(1, {4, 10}, start);
    REQUIRE(p.next(start).action == what::send);
    p.sending(50);
    p.unreachable(90s, start);
    CHECK(p.next(start).until == start + 90s);
    CHECK(p.next(start + 90s).action == what::send);
    p.sending(50);
    p.unreachable(0s, start + 90s);
    CHECK(p.next(start + 90s).action == what::send);
}

TEST_CASE("pipeline: rejected and refused spans are dropped by reason", "[export][pipeline]") {
    pipeline p{small(), 7};
    p.push(1, {4, 10}, start);
    REQUIRE(p.next(start).action == what::send);
    p.sending(50);
    p.accepted(3);
    CHECK(p.stats().exported == 1);
    CHECK(p.stats().dropped(drop_reason::rejected) == 3);
    p.push(2, {4, 10}, start);
    REQUIRE(p.next(start).action == what::send);
    p.sending(50);
    p.accepted(99); // more than there were
    CHECK(p.stats().exported == 1);
    CHECK(p.stats().dropped(drop_reason::rejected) == 7);
    p.push(3, {4, 10}, start);
    REQUIRE(p.next(start).action == what::send);
    p.sending(50);
    p.refused();
    CHECK(p.stats().dropped(drop_reason::failed) == 4);
    CHECK(p.stats().is_balanced());
}

TEST_CASE("pipeline: stopping sends what is left, and ends by its deadline", "[export][pipeline]") {
    pipeline p{small(), 7};
    p.push(1, {1, 10}, start);
    p.push(2, {4, 10}, start);
    p.begin_stop(start + 10s);
    CHECK_FALSE(p.push(3, {2, 10}, start));
    CHECK(p.stats().dropped(drop_reason::shutdown) == 2);
    CHECK(p.next(start).action == what::send); // without waiting to be full
    CHECK(elements(p) == std::vector{1});
    p.sending(50);
    p.accepted(0);
    CHECK(p.next(start).action == what::send);
    p.sending(50);

    SECTION("in time") {
        p.accepted(0);
        CHECK(p.next(start).action == what::end);
        CHECK(p.stats().exported == 5);
    }
    SECTION("with a retry in time") {
        p.unreachable(9s, start);
        CHECK(p.next(start).until == start + 9s);
        CHECK(p.next(start + 9s).action == what::send);
    }
    SECTION("without time for a retry") {
        p.unreachable(10s, start);
        CHECK(p.next(start).action == what::end);
        CHECK(p.stats().dropped(drop_reason::shutdown) == 6);
    }
    SECTION("too late") {
        p.unreachable(std::nullopt, start + 10s);
        CHECK(p.next(start + 10s).action == what::end);
        CHECK(p.stats().dropped(drop_reason::shutdown) == 6);
    }
    SECTION("with an earlier deadline after all") {
        p.unreachable(1s, start);
        p.begin_stop(start + 20s); // the earlier one counts
        p.begin_stop(start + 1s);
        CHECK(p.stop_by() == start + 1s);
        CHECK(p.next(start + 1s).action == what::end);
        CHECK(p.stats().dropped(drop_reason::shutdown) == 6);
    }
    CHECK(p.stats().is_balanced());
}

TEST_CASE("pipeline: what is queued at the deadline is dropped", "[export][pipeline]") {
    pipeline p{small(), 7};
    p.push(1, {1, 10}, start);
    p.begin_stop(start);
    CHECK(p.next(start).action == what::end);
    CHECK(p.stats().dropped(drop_reason::shutdown) == 1);
    CHECK(p.stats().queued_bytes == 0);
}

TEST_CASE("pipeline: whatever happens, every element is accounted for, and in order", "[export][pipeline]") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    auto const below = [&](int n) { return std::uniform_int_distribution<int>{0, n - 1}(random); };
    for (int round = 0; round < 200; ++round) {
        pipeline p{small(), random()};
        auto now = start;
        int pushed = 0;
        int last_sent = -1;
        std::uint64_t produced = 0;
        std::uint64_t delivered = 0;
        for (int i = 0; i < 200; ++i) {
            now += std::chrono::milliseconds{below(700)};
            if (below(3) > 0) {
                auto const items = static_cast<std::uint64_t>(1 + below(4));
                p.push(pushed++, {items, static_cast<std::uint64_t>(below(200))}, now);
                produced += items;
            }
            if (below(400) == 0) {
                p.begin_stop(now + std::chrono::seconds{below(5)});
            }
            auto const step = p.next(now);
            if (step.action == what::send) {
                for (int const each : p.batch()) {
                    REQUIRE((each > last_sent || !p.is_first_attempt()));
                }
                last_sent = p.batch().back();
                p.sending(1);
                auto const in_flight = p.stats().in_flight;
                switch (below(4)) {
                case 0:
                    p.refused();
                    break;
                case 1: {
                    auto const rejected = static_cast<std::uint64_t>(below(3));
                    p.accepted(rejected);
                    delivered += in_flight - std::min(rejected, in_flight);
                    break;
                }
                default:
                    p.unreachable(std::nullopt, now);
                }
            } else if (step.action == what::wait) {
                REQUIRE(step.until > now);
            } else {
                REQUIRE(p.is_stopping());
                REQUIRE(p.stats().queued + p.stats().in_flight == 0);
            }
            REQUIRE(p.stats().is_balanced());
            REQUIRE(p.stats().produced == produced);
            REQUIRE(p.stats().exported == delivered);
            REQUIRE(p.stats().queued <= small().queue_items);
            REQUIRE(p.stats().queued_bytes <= small().queue_bytes);
        }
    }
}
