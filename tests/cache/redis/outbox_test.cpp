// SPDX-License-Identifier: MIT
#include "cache/redis/recorded_call.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/outbox.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace redis = orfeas::cache::redis;
using orfeas_test::recorded_call;

namespace {

struct fixture {
    orfeas::manual_clock clock;
    std::vector<std::string> order;
    redis::outbox waiting;

    std::shared_ptr<recorded_call> add(std::string const& bytes, std::chrono::milliseconds wait = 100ms) {
        auto added = std::make_shared<recorded_call>(bytes, order, 1, bytes.size(), clock.now() + wait);
        waiting.append(bytes, added);
        return added;
    }

    std::string drained(redis::byte_buffer to = {}) {
        std::size_t count = 0;
        waiting.drain(to, [&](std::shared_ptr<redis::call>&& each) { count += each->is_settled() ? 0U : 1U; });
        CHECK(waiting.empty());
        CHECK(waiting.bytes() == 0);
        return std::string{to.view()} + "/" + std::to_string(count);
    }
};

} // namespace

TEST_CASE("redis outbox: what waits goes out together and in order") {
    fixture f;
    f.add("a");
    f.add("bb");
    f.add("ccc");
    CHECK(f.waiting.bytes() == 6);
    CHECK(f.drained() == "abbccc/3");
    f.add("d");
    redis::byte_buffer begun;
    begun.append("x");
    CHECK(f.drained(begun) == "xd/1");
    CHECK(f.drained() == "/0");
}

TEST_CASE("redis outbox: a call that was settled while it waited is never sent") {
    fixture f;
    f.add("a");
    auto const left = f.add("bb");
    f.add("ccc");
    left->fail(make_error_code(redis::error::timed_out));
    CHECK(f.drained() == "accc/2");
}

TEST_CASE("redis outbox: calls expire at their deadline, with their bytes") {
    fixture f;
    f.add("a", 10ms);
    f.add("bb", 30ms);
    auto const left = f.add("ccc", 30ms);
    f.add("dddd", 5ms);
    f.add("e", 30ms);
    CHECK(f.waiting.earliest_deadline() == f.clock.now() + 5ms);
    std::vector<std::shared_ptr<redis::call>> expired;
    f.clock.advance(4ms);
    f.waiting.expire(f.clock.now(), expired);
    CHECK(expired.empty());
    left->fail(make_error_code(redis::error::timed_out));
    f.clock.advance(6ms);
    f.waiting.expire(f.clock.now(), expired);
    CHECK(expired.size() == 2);
    CHECK(f.waiting.bytes() == 3);
    CHECK(f.waiting.earliest_deadline() == f.clock.now() + 20ms);
    CHECK(f.drained() == "bbe/2");
    CHECK(f.waiting.earliest_deadline() == orfeas::monotonic_time::max());
}

TEST_CASE("redis outbox: all can be taken out") {
    fixture f;
    f.add("a");
    f.add("b");
    CHECK(f.waiting.take_all().size() == 2);
    CHECK(f.waiting.empty());
    CHECK(f.drained() == "/0");
}
