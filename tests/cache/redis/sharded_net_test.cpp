// SPDX-License-Identifier: MIT
#include "cache/redis/driven_client.hpp"
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/ketama_ring.hpp>
#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/sharded.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <map>
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

using driven = orfeas_test::driven<redis::sharded_client>;
using ketama_client = redis::basic_sharded_client<redis::tcp_transport, orfeas::cache::ketama_ring>;
static_assert(redis::client<ketama_client>);

std::vector<redis::endpoint> endpoints(std::vector<std::string> const& urls) {
    std::vector<redis::endpoint> all;
    for (auto const& each : urls) {
        all.push_back(redis::parse_endpoint(each));
    }
    return all;
}

/// Three servers of one ring.
struct three_servers {
    std::array<redis_server, 3> server;

    std::vector<redis::endpoint> nodes() const {
        return endpoints({server[0].url(), server[1].url(), server[2].url()});
    }
};

/// A key of each node.
std::vector<std::string> key_of_each(redis::sharded_client const& client) {
    std::vector<std::string> keys(client.primaries().size());
    for (std::size_t i = 0, missing = keys.size(); missing > 0; ++i) {
        auto key = "key" + std::to_string(i);
        auto& place = keys[client.node_of(key)];
        missing -= place.empty() ? 1U : 0U;
        place = std::move(key);
    }
    return keys;
}

redis::connection_options patient() {
    return {.call_deadline = 20s};
}

std::string refusal_of(std::vector<redis::shard> nodes) {
    asio::io_context io;
    try {
        redis::sharded_client const client{io.get_executor(), std::move(nodes)};
    } catch (orfeas::option_error const& e) {
        return e.what();
    }
    return "none";
}

} // namespace

TEST_CASE("redis sharded: keys are spread over the nodes, and each stays with its node") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    driven c{servers.nodes(), patient()};
    CHECK(c.client.primaries() == std::vector<redis::node_number>{0, 1, 2});
    std::array<int, 3> spread{};
    for (int i = 0; i < 300; ++i) {
        auto const key = "key" + std::to_string(i);
        auto const put = c.set(key, std::to_string(i));
        REQUIRE(put);
        CHECK(put.node == c.client.node_of(key));
        ++spread[put.node];
    }
    for (int i = 0; i < 300; ++i) {
        auto const key = "key" + std::to_string(i);
        auto const got = c.get(key);
        CHECK(got.node == c.client.node_of(key));
        CHECK(got.replies[0].string() == std::to_string(i));
    }
    for (std::size_t node = 0; node < 3; ++node) {
        CHECK(spread[node] > 60);
        CHECK(servers.server[node].command({"DBSIZE"}) == ":" + std::to_string(spread[node]) + "\r\n");
    }

    auto const load = c.client.distribution();
    REQUIRE(load.nodes.size() == 3);
    CHECK(load.key_peak < 1.03);
    for (std::size_t node = 0; node < 3; ++node) {
        CHECK(load.nodes[node].requests == 2 * static_cast<std::uint64_t>(spread[node]));
    }
    auto const reports = c.client.nodes();
    REQUIRE(reports.size() == 3);
    CHECK(reports[1].name == "127.0.0.1:" + std::to_string(servers.server[1].port()));
    CHECK(reports[1].is_primary);
    CHECK(reports[1].connection.calls == load.nodes[1].requests);
}

TEST_CASE("redis sharded: another process with the nodes in another order sends keys to the same servers") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    driven one{servers.nodes(), patient()};
    auto turned = servers.nodes();
    std::swap(turned[0], turned[2]);
    driven other{turned, patient()};
    for (int i = 0; i < 50; ++i) {
        auto const key = "key" + std::to_string(i);
        REQUIRE(one.set(key, key));
        CHECK(other.get(key).replies[0].string() == key);
    }
}

TEST_CASE("redis sharded: a node has one command or many executed that are its own") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    driven c{servers.nodes(), patient()};
    for (redis::node_number node = 0; node < 3; ++node) {
        auto const got = c.call_on(node, "CONFIG", "GET", "port");
        REQUIRE(got);
        CHECK(got.node == node);
        CHECK(got.replies[0].find("port")->text() == std::to_string(servers.server[node].port()));
    }
    redis::request several;
    several.append("SET", "a", "1");
    several.append("INCR", "a");
    auto const both = c.wait(c.client.execute(redis::access::write, "a", several));
    REQUIRE(both.replies.size() == 2);
    CHECK(both.replies[1].number() == 2);
}

TEST_CASE("redis sharded: a killed node harms its own keys alone, until it is back") {
    ORFEAS_NEEDS_REDIS();
    three_servers servers;
    driven c{servers.nodes(), patient()};
    auto const keys = key_of_each(c.client);
    for (auto const& each : keys) {
        REQUIRE(c.set(each, "v"));
    }
    servers.server[1].kill();
    c.until([&] { return c.get(keys[1]).error.failed(); });
    for (int i = 0; i < 20; ++i) {
        CHECK(c.get(keys[0]).replies[0].string() == "v");
        CHECK(c.get(keys[2]).replies[0].string() == "v");
        auto const lost = c.get(keys[1]);
        CHECK(lost.error.failed());
        CHECK(lost.node == 1);
    }
    auto const down = c.client.nodes();
    CHECK_FALSE(down[1].connection.connected);
    CHECK(down[1].connection.failures > 0);
    CHECK(down[0].connection.failures + down[2].connection.failures == 0);

    servers.server[1].restart();
    c.until([&] { return !c.set(keys[1], "again").error.failed(); });
    CHECK(c.get(keys[1]).replies[0].string() == "again");
    CHECK(c.get(keys[1]).generation == 3); // made, lost, made
    CHECK(c.get(keys[0]).generation == 1);
}

TEST_CASE("redis sharded: a frozen node costs no call more than its deadline, and soon nothing") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    driven c{servers.nodes(),
             redis::connection_options{.call_deadline = 200ms, // the others' keys are asked for with more patience
                                       .stall_deadline = 60s,
                                       .breaker = {.consecutive_failures = 3, .cool_down = 1h}}};
    driven others{servers.nodes(), patient()};
    auto const keys = key_of_each(c.client);
    c.until([&] { return !c.set(keys[1], "v").error.failed(); });
    REQUIRE(others.set(keys[0], "v"));
    REQUIRE(others.set(keys[2], "v"));
    servers.server[1].freeze();
    int timeouts = 0;
    c.until([&] {
        auto const got = c.get(keys[1]);
        timeouts += is(got, error::timed_out) ? 1 : 0;
        return is(got, error::breaker_open);
    });
    CHECK(timeouts >= 3);
    auto const sent = c.client.nodes()[1].connection.sent_bytes;
    for (int i = 0; i < 100; ++i) {
        CHECK(is(c.get(keys[1]), error::breaker_open));
    }
    CHECK(c.client.nodes()[1].connection.sent_bytes == sent);
    CHECK(others.get(keys[0]).replies[0].string() == "v");
    CHECK(others.get(keys[2]).replies[0].string() == "v");
    servers.server[1].thaw();
}

TEST_CASE("redis sharded: a node that thaws serves its keys again") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    driven c{servers.nodes(), redis::connection_options{.call_deadline = 200ms,
                                                        .connect_deadline = 200ms,
                                                        .stall_deadline = 200ms,
                                                        .breaker = {.consecutive_failures = 3, .cool_down = 30ms}}};
    auto const keys = key_of_each(c.client);
    c.until([&] { return !c.set(keys[2], "v").error.failed(); });
    servers.server[2].freeze();
    c.until([&] { return c.client.nodes()[2].connection.breaker_openings > 0 || !c.get(keys[2]); });
    servers.server[2].thaw();
    c.until([&] {
        auto const got = c.get(keys[2]);
        return got && got.replies[0].string() == "v";
    });
}

TEST_CASE("redis sharded: the hooks hear of each node by its number") {
    ORFEAS_NEEDS_REDIS();
    three_servers servers;
    std::vector<std::pair<redis::node_number, std::string>> pushed;
    std::vector<std::tuple<redis::node_number, std::uint64_t, bool>> changes;
    redis::client_hooks hooks;
    hooks.set_up = [](redis::request& greeting) { greeting.append("CLIENT", "TRACKING", "ON"); };
    hooks.push = [&](redis::node_number node, redis::reply_view push) {
        pushed.emplace_back(node, std::string{push[0].text()} + " " + std::string{push[1][0].text()});
    };
    hooks.changed = [&](redis::node_number node, std::uint64_t generation, bool connected) {
        changes.emplace_back(node, generation, connected);
    };
    driven c{servers.nodes(), patient(), std::move(hooks)};
    c.until([&] { return changes.size() == 3; });
    auto const keys = key_of_each(c.client);
    for (redis::node_number node = 0; node < 3; ++node) {
        CHECK(c.get(keys[node]).replies[0].is_null());
        servers.server[node].command({"SET", keys[node], "from elsewhere"});
        c.until([&] { return pushed.size() > node; });
        CHECK(pushed.back() == std::pair{node, "invalidate " + keys[node]});
    }
    servers.server[1].kill();
    c.until([&] { return changes.size() == 4; });
    CHECK(changes.back() == std::tuple{redis::node_number{1}, std::uint64_t{2}, false});
}

TEST_CASE("redis sharded: stop fails what is under way on every node, and leaves nothing to run") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    asio::io_context io;
    redis::sharded_client client{io.get_executor(), servers.nodes(), {.call_deadline = 30s, .stall_deadline = 60s}};
    auto const keys = key_of_each(client);
    auto const ping = ask("PING");
    std::vector<redis::node_result> ends;
    auto keep = [&](std::exception_ptr, redis::node_result done) { ends.push_back(std::move(done)); };
    auto work = [&]() -> orfeas::task<> {
        for (auto const& each : keys) {
            auto const got = co_await client.execute(redis::access::read, each, ping);
            CHECK(got);
        }
        for (auto const& each : servers.server) {
            each.freeze();
        }
        for (auto const& each : keys) {
            asio::co_spawn(io, client.execute(redis::access::read, each, ping), keep);
        }
        co_await client.stop();
        co_await client.stop();
        client.start(); // does nothing any more
        auto const after = co_await client.execute(redis::access::read, keys[0], ping);
        CHECK(is(after, error::shut_down));
    };
    client.start();
    client.start();
    asio::co_spawn(io, work(), asio::detached);
    io.run_for(60s);
    CHECK(io.stopped()); // by itself
    REQUIRE(ends.size() == 3);
    for (auto const& each : ends) {
        CHECK(is(each, error::shut_down));
    }
}

TEST_CASE("redis sharded: a caller that is cancelled leaves alone") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    driven c{servers.nodes(), redis::connection_options{.call_deadline = 30s, .stall_deadline = 60s}};
    auto const keys = key_of_each(c.client);
    REQUIRE(c.set(keys[0], "v"));
    servers.server[0].freeze();
    auto const get = ask("GET", keys[0]);
    asio::cancellation_signal signal;
    std::optional<redis::node_result> left;
    std::optional<redis::node_result> stays;
    asio::co_spawn(
        c.io, c.client.execute(redis::access::read, keys[0], get),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, redis::node_result got) { left = got; }));
    asio::co_spawn(c.io, c.client.execute(redis::access::read, keys[0], get),
                   [&](std::exception_ptr, redis::node_result got) { stays = got; });
    c.until([&] { return c.client.nodes()[0].connection.calls == 3; });
    signal.emit(asio::cancellation_type::terminal);
    c.until([&] { return left.has_value(); });
    CHECK(left->error == asio::error::operation_aborted);
    CHECK_FALSE(stays);
    servers.server[0].thaw();
    c.until([&] { return stays.has_value(); });
    CHECK(stays->replies[0].string() == "v");
}

TEST_CASE("redis sharded: what cannot be a ring is refused with the field and the node") {
    using orfeas_test::contains;
    auto at = [](std::uint16_t port) { return redis::endpoint{.port = port}; };
    CHECK_THAT(refusal_of({}), contains("nodes is ''") && contains("at least one server"));
    CHECK_THAT(refusal_of({{at(1)}, {at(2)}, {at(1)}}), contains("nodes is '127.0.0.1:1'") && contains("once"));
    CHECK_THAT(refusal_of({{at(1), 1, "a"}, {at(1), 1, "b"}}), contains("nodes is '127.0.0.1:1'"));
    CHECK_THAT(refusal_of({{at(1), 1, "a"}, {at(2), 1, "a"}}), contains("'a'") && contains("once"));
    CHECK_THAT(refusal_of({{at(1)}, {at(2), 0}}), contains("weight of ring member 127.0.0.1:2 is '0'"));
    CHECK_THAT(refusal_of({{{.host = "a", .tls = true}}}), contains("tls is 'true'"));
    CHECK(refusal_of({{at(1)}, {at(2)}}) == "none");

    asio::io_context io;
    CHECK_THROWS_AS((redis::sharded_client{io.get_executor(), std::vector<redis::endpoint>{}}), orfeas::option_error);
    CHECK_THROWS_AS((redis::sharded_client{io.get_executor(), std::vector{at(1)}, {.call_deadline = 0ms}}),
                    orfeas::option_error);
}

TEST_CASE("redis sharded: a wrong password and what is no Redis concern their node alone") {
    ORFEAS_NEEDS_REDIS();
    redis_server const locked{{"--requirepass", "secret"}};
    redis_server const open;
    asio::io_context elsewhere; // accepts by the kernel alone
    asio::ip::tcp::acceptor deaf{elsewhere, {asio::ip::address_v4::loopback(), 0}};
    auto const deaf_url = "redis://127.0.0.1:" + std::to_string(deaf.local_endpoint().port());
    auto options = patient();
    options.connect_deadline = 50ms;
    driven c{endpoints({"redis://:wrong@127.0.0.1:" + std::to_string(locked.port()), deaf_url}), options};
    driven alone{endpoints({open.url()}), patient()};
    auto const keys = key_of_each(c.client);
    CHECK(is(c.get(keys[0]), error::authentication_refused));
    CHECK(is(c.get(keys[1]), error::not_connected));
    CHECK(alone.set("k", "v"));
    CHECK(alone.client.node_of("any key") == 0);
}

TEST_CASE("redis sharded: weights and names of the nodes, and the ring of other clients") {
    auto at = [](std::uint16_t port) { return redis::endpoint{.port = port}; };
    asio::io_context io;
    redis::sharded_client const heavy{io.get_executor(), std::vector<redis::shard>{{at(1), 3}, {at(2), 1}}};
    CHECK(heavy.ring().share(0) > 0.74);
    CHECK(heavy.ring().share(0) < 0.76);

    redis::sharded_client const before{io.get_executor(), std::vector<redis::shard>{{at(1), 1, "a"}, {at(2), 1, "b"}}};
    redis::sharded_client const moved{io.get_executor(), std::vector<redis::shard>{{at(1), 1, "a"}, {at(9), 1, "b"}}};
    ketama_client const shared{io.get_executor(), std::vector<redis::shard>{{at(1), 1, "a"}, {at(2), 1, "b"}}};
    orfeas::cache::ketama_ring const ring{{{"a", 1}, {"b", 1}}};
    for (int i = 0; i < 100; ++i) {
        auto const key = "key" + std::to_string(i);
        CHECK(before.node_of(key) == moved.node_of(key));
        CHECK(shared.node_of(key) == ring.node_of(ring.hash_of(key)));
    }
}

TEST_CASE("redis sharded: any_client is the client that it owns") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    struct erased : redis::any_client {
        erased(asio::any_io_executor executor, std::vector<redis::endpoint> nodes)
            : any_client{std::make_unique<redis::sharded_client>(std::move(executor), std::move(nodes), patient())} {}
    };
    orfeas_test::driven<erased> c{servers.nodes()};
    driven direct{servers.nodes(), patient()};
    for (auto const& key : key_of_each(direct.client)) {
        CHECK(c.client.node_of(key) == direct.client.node_of(key));
        CHECK(c.set(key, "v").node == direct.client.node_of(key));
        CHECK(direct.get(key).replies[0].string() == "v");
    }
    CHECK(c.call_on(2, "DBSIZE").replies[0].number() == 1);
    CHECK(c.client.primaries() == direct.client.primaries());
    CHECK(c.client.nodes().size() == 3);
    c.wait(c.client.stop());
    CHECK(is(c.get("k"), error::shut_down));
}

TEST_CASE("redis sharded: callers on several threads get what is theirs") {
    ORFEAS_NEEDS_REDIS();
    three_servers const servers;
    asio::thread_pool pool{3};
    redis::sharded_client client{pool.get_executor(), servers.nodes(), patient()};
    client.start();
    std::atomic<int> right{0};
    auto caller = [&](int i) -> orfeas::task<> {
        for (int round = 0; round < 100; ++round) {
            auto const key = "key" + std::to_string(i) + ":" + std::to_string(round);
            redis::request both;
            both.append("SET", key, round);
            both.append("GET", key);
            auto const got = co_await client.execute(redis::access::write, key, both);
            right += got && got.node == client.node_of(key) && got.replies[1].string() == std::to_string(round) ? 1 : 0;
        }
    };
    std::vector<std::future<void>> ends;
    for (int i = 0; i < 16; ++i) {
        ends.push_back(asio::co_spawn(pool, caller(i), asio::use_future));
    }
    for (auto& each : ends) {
        each.get();
    }
    CHECK(right == 1600);
    std::uint64_t requests = 0;
    for (auto const& each : client.distribution().nodes) {
        requests += each.requests;
    }
    CHECK(requests == 1600);
    asio::co_spawn(pool, client.stop(), asio::use_future).get();
    pool.join();
}
