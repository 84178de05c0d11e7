// SPDX-License-Identifier: MIT
#include "cache/redis/driven_client.hpp"
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/sentinel.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;
using orfeas_test::ask;
using orfeas_test::is;
using orfeas_test::redis_server;
using redis::error;

namespace {

using driven = orfeas_test::driven<redis::sentinel_client>;

/// Waits until a server's answer to a command has a text in it; what never comes fails.
void wait_for(redis_server const& server, std::vector<std::string> const& command, std::string const& text) {
    auto const limit = std::chrono::steady_clock::now() + 60s;
    asio::io_context io;
    while (server.command(command).find(text) == std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < limit);
        asio::steady_timer pause{io, 10ms};
        pause.wait();
    }
}

/// Has a Sentinel watch a server that has no replica.
std::string monitor(redis_server const& server) {
    return "sentinel monitor mymaster 127.0.0.1 " + std::to_string(server.port()) + " 1\n";
}

/// A primary, its replica, and Sentinels that watch them.
class watched {
  public:
    explicit watched(std::size_t sentinels = 1)
        : replica{{"--replicaof", "127.0.0.1", std::to_string(primary.port())}} {
        wait_for(replica, {"INFO", "replication"}, "master_link_status:up");
        auto const configuration = "sentinel monitor mymaster 127.0.0.1 " + std::to_string(primary.port()) + " " +
                                   std::to_string(sentinels / 2 + 1) +
                                   "\nsentinel down-after-milliseconds mymaster 400\n"
                                   "sentinel failover-timeout mymaster 1000\n";
        for (std::size_t i = 0; i < sentinels; ++i) {
            sentinel.push_back(std::make_unique<redis_server>(std::vector<std::string>{"--sentinel"}, configuration));
        }
        for (auto const& each : sentinel) { // they know the replica, and each other
            wait_for(*each, {"SENTINEL", "REPLICAS", "mymaster"}, "master-link-status\r\n$2\r\nok");
            wait_for(*each, {"SENTINEL", "MASTER", "mymaster"},
                     "num-other-sentinels\r\n$1\r\n" + std::to_string(sentinels - 1) + "\r\n");
        }
    }

    redis::sentinel_options options() const {
        redis::sentinel_options to;
        for (auto const& each : sentinel) {
            to.sentinels.push_back(each->url());
        }
        to.refresh_interval = 100ms;
        return to;
    }

    redis_server primary{{"--repl-diskless-sync-delay", "0"}};
    redis_server replica;
    std::vector<std::unique_ptr<redis_server>> sentinel;
};

/// Time for a failover, on a machine under load as well; a silent server is given up soon.
redis::connection_options patient() {
    return {.call_deadline = 50s, .connect_deadline = 500ms, .stall_deadline = 500ms};
}

std::string name_of(redis_server const& server) {
    return "127.0.0.1:" + std::to_string(server.port());
}

/// The name of the node that is the primary now.
std::string primary_of(driven const& c) {
    for (auto const& each : c.client.nodes()) {
        if (each.is_primary) {
            return each.name;
        }
    }
    return "none";
}

} // namespace

TEST_CASE("redis sentinel: a killed primary is replaced in the middle of a call") {
    ORFEAS_NEEDS_REDIS();
    watched servers;
    std::vector<std::tuple<redis::node_number, std::uint64_t, bool>> changes;
    redis::client_hooks hooks;
    hooks.changed = [&](redis::node_number node, std::uint64_t generation, bool connected) {
        changes.emplace_back(node, generation, connected);
    };
    driven c{servers.options(), patient(), std::move(hooks)};
    CHECK(c.client.primaries().empty());
    auto const first = c.set("k", "v");
    REQUIRE(first);
    CHECK(first.node == 0);
    CHECK(first.generation == 1);
    CHECK(c.client.primaries() == std::vector<redis::node_number>{0});
    CHECK(primary_of(c) == name_of(servers.primary));
    servers.primary.kill();
    auto const second = c.set("k", "carried on");
    REQUIRE(second);
    CHECK(second.node == 1);
    CHECK(c.client.node_of("k") == 1);
    CHECK(primary_of(c) == name_of(servers.replica));
    CHECK(c.get("k").replies[0].string() == "carried on");
    CHECK(changes.at(0) == std::tuple{redis::node_number{0}, std::uint64_t{1}, true});
    CHECK(changes.at(1) == std::tuple{redis::node_number{0}, std::uint64_t{2}, false});
    CHECK(changes.at(2) == std::tuple{redis::node_number{1}, std::uint64_t{1}, true});
    CHECK(is(c.call_on(0, "PING"), error::not_connected)); // it was left
    CHECK(c.client.nodes()[0].connection.connects == 1);   // but not forgotten

    servers.primary.restart(); // comes back believing that it is a primary
    for (int i = 0; i < 20; ++i) {
        CHECK(c.set("k", std::to_string(i)).node == 1);
    }
}

TEST_CASE("redis sentinel: a frozen primary is left in the middle of a call, and stays left when it thaws") {
    ORFEAS_NEEDS_REDIS();
    watched const servers;
    driven c{servers.options(), patient()};
    REQUIRE(c.set("k", "v"));
    servers.primary.freeze();
    auto const carried = c.set("k", "carried on");
    REQUIRE(carried);
    CHECK(carried.node == 1);
    servers.primary.thaw();
    for (int i = 0; i < 20; ++i) {
        CHECK(c.set("k", std::to_string(i)).node == 1);
    }
    CHECK(c.client.node_of("k") == 1);
    CHECK_FALSE(c.client.nodes()[0].connection.connected);
}

TEST_CASE("redis sentinel: a primary that turns into a replica is left for READONLY, and is the same node afterwards") {
    ORFEAS_NEEDS_REDIS();
    redis_server const a;
    redis_server const b;
    redis_server const sentinel{{"--sentinel"}, monitor(a)};
    auto turn = [&](redis_server const& from, redis_server const& to) { // what a failover comes to, without its waits
        to.command({"REPLICAOF", "NO", "ONE"});
        sentinel.command({"SENTINEL", "REMOVE", "mymaster"});
        sentinel.command({"SENTINEL", "MONITOR", "mymaster", "127.0.0.1", std::to_string(to.port()), "1"});
        from.command({"REPLICAOF", "127.0.0.1", std::to_string(to.port())}); // the client's connection stands
    };
    redis::sentinel_options options;
    options.sentinels = {sentinel.url()};
    options.refresh_interval = 1h; // READONLY alone tells
    driven c{options, patient()};
    auto const first = c.set("k", "v");
    REQUIRE(first);
    CHECK(first.generation == 1);
    turn(a, b);
    auto const second = c.set("k", "w");
    REQUIRE(second);
    CHECK(second.node == 1);
    CHECK(second.replies[0].text() == "OK");
    CHECK(b.command({"GET", "k"}) == "$1\r\nw\r\n");
    turn(b, a);
    auto const third = c.set("k", "x");
    REQUIRE(third);
    CHECK(third.node == 0);
    CHECK(third.generation == 3); // made, lost, made
    CHECK(c.client.nodes().size() == 2);
    CHECK(c.client.nodes()[0].connection.connects == 2);
}

TEST_CASE("redis sentinel: three Sentinels agree on a failover, and any of them will do") {
    ORFEAS_NEEDS_REDIS();
    watched servers{3};
    auto options = servers.options();
    options.sentinels.insert(options.sentinels.begin(),
                             "redis://127.0.0.1:" + std::to_string(orfeas_test::free_port())); // nobody is there
    driven c{options, patient()};
    REQUIRE(c.set("k", "v"));
    servers.sentinel[0]->kill();
    servers.primary.kill();
    auto const carried = c.set("k", "carried on");
    REQUIRE(carried);
    CHECK(carried.node == 1);
}

TEST_CASE("redis sentinel: without Sentinels the client stays with the last primary, also over a restart") {
    ORFEAS_NEEDS_REDIS();
    watched servers;
    driven c{servers.options(), patient()};
    REQUIRE(c.set("k", "v"));
    servers.sentinel[0]->kill();
    CHECK(c.get("k").replies[0].string() == "v");
    servers.primary.restart();
    auto const got = c.get("k");
    REQUIRE(got);
    CHECK(got.node == 0);
    CHECK(got.replies[0].is_null());
}

TEST_CASE("redis sentinel: no primary to be had fails by the deadline, or at once") {
    ORFEAS_NEEDS_REDIS();
    redis_server const sentinel{{"--sentinel"}, "sentinel monitor other 127.0.0.1 1 1\n"};
    redis::sentinel_options options;
    options.sentinels = {sentinel.url()};
    {
        driven c{options, redis::connection_options{.call_deadline = 50ms}};
        CHECK(is(c.get("k"), error::not_connected));
        CHECK(is(c.call_on(0, "PING"), error::not_connected));
        CHECK(c.client.nodes().empty());
    }
    options.name = "other"; // watched, but nobody is there
    options.retry = false;
    {
        driven c{options, patient()};
        CHECK(is(c.get("k"), error::not_connected));
        c.until([&] { return c.client.nodes().size() == 1; });
        CHECK(is(c.get("k"), error::not_connected));
        CHECK(primary_of(c) == "none");
    }
}

TEST_CASE("redis sentinel: passwords are the primary's own, and a wrong one is told") {
    ORFEAS_NEEDS_REDIS();
    redis_server const primary{{"--requirepass", "secret"}};
    redis_server const sentinel{{"--sentinel", "--requirepass", "other"},
                                monitor(primary) + "sentinel auth-pass mymaster secret\n"};
    redis::sentinel_options options;
    options.sentinels = {"redis://:other@127.0.0.1:" + std::to_string(sentinel.port())};
    options.password = "secret";
    options.database = 2;
    {
        driven c{options, patient()};
        CHECK(c.set("k", "v"));
        auto const info = c.call(redis::access::read, "", "CLIENT", "INFO");
        CHECK_THAT(std::string{info.replies[0].text()}, orfeas_test::contains(" db=2 "));
    }
    options.password = "wrong";
    {
        driven c{options, patient()};
        CHECK(is(c.get("k"), error::authentication_refused));
    }
}

TEST_CASE("redis sentinel: stop ends a search, and calls under way") {
    ORFEAS_NEEDS_REDIS();
    redis_server const primary;
    redis_server const sentinel{{"--sentinel"}, monitor(primary)};
    redis::sentinel_options options;
    options.sentinels = {sentinel.url()};
    options.ask_deadline = 1h;
    redis::connection_options const endless{.call_deadline = 1h, .connect_deadline = 1h, .stall_deadline = 1h};
    auto const ping = ask("PING");
    asio::io_context io;
    for (bool const is_silent : {true, false}) {
        redis::sentinel_client client{io.get_executor(), options, endless};
        std::optional<redis::node_result> pending;
        auto work = [&]() -> orfeas::task<> {
            if (!is_silent) {
                auto const got = co_await client.execute(redis::access::read, "k", ping);
                CHECK(got);
                primary.freeze();
            }
            asio::co_spawn(io, client.execute(redis::access::read, "k", ping),
                           [&](std::exception_ptr, redis::node_result done) { pending = std::move(done); });
            asio::steady_timer turn{io, 20ms}; // for the question to go out
            co_await turn.async_wait(asio::use_awaitable);
            co_await client.stop();
            co_await client.stop();
            auto const after = co_await client.execute(redis::access::read, "k", ping);
            CHECK(is(after, error::shut_down));
            auto const on = co_await client.execute_on(0, ping);
            CHECK(is(on, error::shut_down));
        };
        if (is_silent) {
            sentinel.freeze();
        }
        client.start();
        client.start();
        asio::co_spawn(io, work(), asio::detached);
        io.restart();
        io.run_for(60s);
        CHECK(io.stopped()); // by itself
        REQUIRE(pending);
        CHECK(is(*pending, error::shut_down));
        sentinel.thaw();
        primary.thaw();
    }
}

TEST_CASE("redis sentinel: callers on several threads lose nothing while the primary changes") {
    ORFEAS_NEEDS_REDIS();
    redis_server const a;
    redis_server const b;
    redis_server const sentinel{{"--sentinel"}, monitor(a)};
    redis::sentinel_options options;
    options.sentinels = {sentinel.url()};
    asio::thread_pool pool{3};
    redis::sentinel_client client{pool.get_executor(), options, patient()};
    client.start();
    std::atomic<int> right{0};
    std::atomic<int> rounds{0};
    std::atomic<bool> is_over{false};
    auto caller = [&](int i) -> orfeas::task<> {
        auto const key = "key" + std::to_string(i);
        for (int round = 0; !is_over; ++round) {
            redis::request both;
            both.append("SET", key, round);
            both.append("GET", key);
            auto const got = co_await client.execute(redis::access::write, key, both);
            ++rounds;
            right += got && got.replies[1].string() == std::to_string(round) ? 1 : 0;
        }
    };
    std::vector<std::future<void>> ends;
    for (int i = 0; i < 8; ++i) {
        ends.push_back(asio::co_spawn(pool, caller(i), asio::use_future));
    }
    auto wait_for_rounds = [&](int more) {
        auto const limit = std::chrono::steady_clock::now() + 60s;
        for (int const until = rounds + more; rounds < until;) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            client.nodes();
        }
    };
    for (int turn = 0; turn < 4; ++turn) {
        wait_for_rounds(200);
        auto const& from = turn % 2 == 0 ? a : b;
        auto const& to = turn % 2 == 0 ? b : a;
        to.command({"REPLICAOF", "NO", "ONE"});
        sentinel.command({"SENTINEL", "REMOVE", "mymaster"});
        sentinel.command({"SENTINEL", "MONITOR", "mymaster", "127.0.0.1", std::to_string(to.port()), "1"});
        from.command({"REPLICAOF", "127.0.0.1", std::to_string(to.port())});
    }
    wait_for_rounds(200);
    is_over = true;
    for (auto& each : ends) {
        each.get();
    }
    CHECK(right == rounds);
    asio::co_spawn(pool, client.stop(), asio::use_future).get();
    pool.join();
}
