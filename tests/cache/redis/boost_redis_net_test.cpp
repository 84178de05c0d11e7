// SPDX-License-Identifier: MIT
#include "cache/redis/driven_client.hpp"
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/boost_redis.hpp>

#if !ORFEAS_HAS_BOOST_REDIS

TEST_CASE("redis boost_redis: a connection of Boost.Redis is a client of one node") {
    ORFEAS_TEST_SKIP("Boost.Redis is not here: it came with Boost 1.84");
}

#else

#    include <boost/asio/bind_cancellation_slot.hpp>
#    include <boost/asio/cancellation_signal.hpp>
#    include <boost/asio/co_spawn.hpp>
#    include <boost/asio/detached.hpp>
#    include <boost/redis/config.hpp>
#    include <boost/redis/connection.hpp>
#    include <boost/redis/src.hpp>

#    include <chrono>
#    include <exception>
#    include <optional>
#    include <string>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;
using orfeas_test::ask;
using orfeas_test::is;
using orfeas_test::redis_server;
using redis::error;

namespace {

/// The client on the loop of a test, with the connection that it borrows.
struct on_boost {
    on_boost(asio::any_io_executor executor, redis_server const& server, redis::connection_options const& options)
        : connection{executor}, client{connection, "server", options} {
        settings.addr = {"127.0.0.1", std::to_string(server.port())};
        settings.reconnect_wait_interval = 20ms;
        settings.health_check_interval = 0s;
        connection.async_run(settings, {}, asio::detached);
    }

    void start() { client.start(); }
    orfeas::task<> stop() {
        co_await client.stop();
        connection.cancel();
    }
    auto execute(redis::access what, std::string_view key, redis::request const& asked) {
        return client.execute(what, key, asked);
    }
    auto execute_on(redis::node_number node, redis::request const& asked) { return client.execute_on(node, asked); }

    boost::redis::config settings;
    boost::redis::connection connection;
    redis::boost_redis_client client;
};

using driven = orfeas_test::driven<on_boost>;

redis::connection_options patient() {
    return {.call_deadline = 20s};
}

} // namespace

TEST_CASE("redis boost_redis: a connection of Boost.Redis is a client of one node") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    driven c{server, patient()};
    std::string const odd("\r\n\0$5", 5);
    REQUIRE(c.set("k", odd));
    CHECK(c.get("k").replies[0].string() == odd);
    CHECK(c.get("absent").replies[0].is_null());
    CHECK(c.client.client.node_of("k") == 0);
    CHECK(c.client.client.primaries() == std::vector<redis::node_number>{0});
    auto const report = c.client.client.nodes().front();
    CHECK(report.name == "server");
    CHECK(report.connection.calls == 3);
    CHECK(report.connection.connected);
}

TEST_CASE("redis boost_redis: replies of every kind, and an error among others") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    driven c{server, patient()};
    redis::request several;
    several.append("RPUSH", "list", "a", "b");
    several.append("GET", "list"); // of the wrong type
    several.append("LRANGE", "list", 0, -1);
    several.append("HSET", "hash", "f", "1");
    several.append("HGETALL", "hash");
    several.append("SADD", "set", "m");
    several.append("SMEMBERS", "set");
    several.append("ZADD", "z", 1, "m");
    several.append("ZSCORE", "z", "m");
    several.append("LRANGE", "none", 0, -1);
    auto const got = c.wait(c.client.execute(redis::access::write, "list", several));
    REQUIRE(got);
    REQUIRE(got.replies.size() == 10);
    CHECK(got.replies[0].number() == 2);
    CHECK(got.replies[1].error_code() == "WRONGTYPE");
    CHECK(got.replies[2][1].string() == "b");
    CHECK(got.replies[4].find("f")->string() == "1");
    CHECK(got.replies[6].kind() == redis::kind::set);
    CHECK(got.replies[8].real() == 1.0);
    CHECK(got.replies[9].size() == 0);
}

TEST_CASE("redis boost_redis: deadlines hold, the breaker opens, and the connection lives on") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    driven c{server, redis::connection_options{.call_deadline = 300ms,
                                               .breaker = {.consecutive_failures = 2, .cool_down = 10ms}}};
    c.until([&] { return !c.set("k", "v").error.failed(); });
    server.freeze();
    CHECK(is(c.get("k"), error::timed_out));
    CHECK(is(c.get("k"), error::timed_out));
    CHECK(c.client.client.nodes().front().connection.timeouts == 2);
    CHECK(c.client.client.nodes().front().connection.breaker == redis::breaker_state::open);
    server.thaw();
    c.until([&] { return c.get("k").replies.size() == 1; });
    CHECK(c.get("k").replies[0].string() == "v");
}

TEST_CASE("redis boost_redis: a caller that is cancelled leaves alone, and stop refuses calls") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    driven c{server, patient()};
    REQUIRE(c.set("k", "v"));
    server.freeze();
    auto const get = ask("GET", "k");
    asio::cancellation_signal signal;
    std::optional<redis::node_result> left;
    std::optional<redis::node_result> stays;
    asio::co_spawn(
        c.io, c.client.execute(redis::access::read, "k", get),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, redis::node_result got) { left = got; }));
    asio::co_spawn(c.io, c.client.execute(redis::access::read, "k", get),
                   [&](std::exception_ptr, redis::node_result got) { stays = got; });
    c.until([&] { return c.client.client.nodes().front().connection.calls == 3; });
    c.io.poll();
    signal.emit(asio::cancellation_type::terminal);
    c.until([&] { return left.has_value(); });
    CHECK(left->error == asio::error::operation_aborted);
    server.thaw();
    c.until([&] { return stays.has_value(); });
    CHECK(stays->replies[0].string() == "v");
    c.wait(c.client.client.stop());
    CHECK(is(c.get("k"), error::shut_down));
}

#endif
