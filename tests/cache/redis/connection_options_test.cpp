// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/connection_options.hpp>

#include <chrono>

using namespace std::chrono_literals;
using orfeas::cache::redis::connection_options;

TEST_CASE("redis connection_options: defaults hold, the environment is read") {
    orfeas::validate(connection_options{});
    auto const read = orfeas::from_environment<connection_options>(
        {}, {"ORFEAS_REDIS_CONNECTION_CALL_DEADLINE=20ms", "ORFEAS_REDIS_CONNECTION_REPLY_BYTES=1MiB"});
    CHECK(read.call_deadline == 20ms);
    CHECK(read.limits().reply.text_bytes == 1 << 20);
    CHECK(read.limits().stall == read.stall_deadline);
    CHECK(read.limits().idle == read.ping_interval);
}

TEST_CASE("redis connection_options: what cannot be is refused by name") {
    auto refused = [](connection_options const& o) {
        try {
            orfeas::validate(o);
        } catch (orfeas::option_error const& e) {
            return e.field();
        }
        return std::string{};
    };
    CHECK(refused({.call_deadline = 0ms}) == "call_deadline");
    CHECK(refused({.reply_bytes = 1ULL << 32}) == "reply_bytes");
    CHECK(refused({.client_name = "two words"}) == "client_name");
    CHECK(refused({.breaker = {.failure_rate = 2}}) == "failure_rate");
}
