// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/cluster.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;
using orfeas_test::redis_cluster;
using orfeas_test::redis_server;
using redis::error;

namespace {

#define ORFEAS_NEEDS_REDIS()                                                                                           \
    if (!redis_server::is_installed()) {                                                                               \
        ORFEAS_TEST_SKIP("redis-server is not installed");                                                             \
    }

/// One cluster for the tests that leave it whole: to make one takes seconds.
redis_cluster& shared_cluster() {
    static redis_cluster cluster;
    return cluster;
}

template<class... Words>
redis::request ask(Words const&... words) {
    redis::request r;
    r.append(words...);
    return r;
}

bool is(redis::result const& got, error what) {
    return got.error == make_error_code(what);
}

redis::endpoint at(redis_server const& server) {
    return redis::parse_endpoint(server.url());
}

/// A machine under load must not fail the tests: calls are given time unless they say how much.
redis::connection_options patient() {
    return {.call_deadline = 30s, .connect_deadline = 10s, .stall_deadline = 10s};
}

/// A loop with a client that is stopped at the end, whatever the test comes to.
struct cluster_user {
    explicit cluster_user(std::vector<redis::endpoint> seeds, redis::cluster_options options = {.attempt_deadline = 5s},
                          redis::connection_options connections = patient(), redis::client_hooks hooks = {})
        : client{io.get_executor(), std::move(seeds), options, std::move(connections), std::move(hooks)} {
        client.start();
    }
    ~cluster_user() {
        asio::co_spawn(io, client.stop(), asio::detached);
        io.restart();
        io.run_for(60s);
    }

    /// Runs a coroutine to its end; what hangs fails.
    template<class Work>
    void run(Work work) {
        bool is_done = false;
        std::exception_ptr failure;
        asio::co_spawn(io, std::move(work), [&](std::exception_ptr thrown) {
            failure = thrown;
            is_done = true;
        });
        until([&] { return is_done; });
        if (failure) {
            std::rethrow_exception(failure);
        }
    }

    template<class Predicate>
    void until(Predicate holds) {
        auto const limit = std::chrono::steady_clock::now() + 60s;
        io.restart();
        while (!holds()) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            io.run_one_for(10ms);
        }
    }

    /// Executes one command, whose key is its second word.
    template<class... Words>
    redis::node_result call(redis::access what, std::string const& name, std::string const& key,
                            Words const&... words) {
        auto const asked = ask(name, key, words...);
        redis::node_result got;
        auto work = [&]() -> asio::awaitable<void> { got = co_await client.execute(what, key, asked); };
        run(work());
        return got;
    }
    redis::node_result get(std::string const& key) { return call(redis::access::read, "GET", key); }
    redis::node_result set(std::string const& key, std::string const& value) {
        return call(redis::access::write, "SET", key, value);
    }

    std::string name_of(redis::node_number node) const { return client.nodes().at(node).name; }

    asio::io_context io;
    redis::cluster_client client;
};

/// A key that primary `owner` serves in the beginning, and which no other test uses.
std::string key_on(std::size_t owner, std::string const& prefix) {
    for (int i = 0;; ++i) {
        auto key = prefix + std::to_string(i);
        if (redis_cluster::first_owner(redis::slot_of_key(key)) == owner) {
            return key;
        }
    }
}

} // namespace

TEST_CASE("redis cluster: each command reaches the node of its key") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    cluster_user c{{at(cluster[1])}};
    for (int i = 0; i < 100; ++i) {
        auto const key = "reach" + std::to_string(i);
        auto const stored = c.set(key, std::to_string(i));
        REQUIRE(stored);
        CHECK(c.name_of(stored.node) == cluster.name(redis_cluster::first_owner(redis::slot_of_key(key))));
        auto const got = c.get(key);
        REQUIRE(got);
        CHECK(got.replies[0].string() == std::to_string(i));
        CHECK(got.node == stored.node);
        CHECK(got.node == c.client.node_of(key));
        CHECK(got.generation == 1);
    }
    CHECK(c.client.primaries().size() == 3);
    std::set<std::string> primaries;
    std::set<std::string> others;
    for (auto const& node : c.client.nodes()) {
        (node.is_primary ? primaries : others).insert(node.name);
        CHECK(node.connection.connected == node.is_primary);
        CHECK(node.connection.connects == (node.is_primary ? 1U : 0U));
    }
    CHECK(primaries == std::set<std::string>{cluster.name(0), cluster.name(1), cluster.name(2)});
    CHECK(others == std::set<std::string>{cluster.name(3), cluster.name(4), cluster.name(5)});
    CHECK(c.call(redis::access::write, "LPUSH", "reach1", "x").replies[0].error_code() == "WRONGTYPE");
}

TEST_CASE("redis cluster: a node is told directly what it is to execute") {
    ORFEAS_NEEDS_REDIS();
    cluster_user c{{at(shared_cluster()[0])}};
    auto const key = key_on(0, "direct");
    REQUIRE(c.set(key, "v"));
    redis::request two;
    two.append("GET", key);
    two.append("PING");
    std::vector<redis::node_result> got;
    auto work = [&]() -> asio::awaitable<void> {
        auto const primaries = c.client.primaries();
        for (auto const node : primaries) {
            got.push_back(co_await c.client.execute_on(node, two));
        }
        got.push_back(co_await c.client.execute_on(99, two));
    };
    c.run(work());
    REQUIRE(got.size() == 4);
    int values = 0;
    int redirections = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(got[i]);
        values += got[i].replies[0].string() == "v" ? 1 : 0;
        redirections += got[i].replies[0].error_code() == "MOVED" ? 1 : 0;
        CHECK(got[i].replies[1].string() == "PONG");
    }
    CHECK(values == 1);
    CHECK(redirections == 2);
    CHECK(is(got[3], error::not_connected));
}

TEST_CASE("redis cluster: it works the same behind the face of any client") {
    ORFEAS_NEEDS_REDIS();
    asio::io_context io;
    redis::any_client any{
        std::make_unique<redis::cluster_client>(io.get_executor(), std::vector{at(shared_cluster()[0])},
                                                redis::cluster_options{.attempt_deadline = 5s}, patient())};
    any.start();
    auto const set = ask("SET", "any", "v");
    auto work = [&]() -> asio::awaitable<void> {
        auto got = co_await any.execute(redis::access::write, "any", set);
        REQUIRE(got);
        CHECK(got.node == any.node_of("any"));
        CHECK(any.primaries().size() == 3);
        CHECK(any.nodes().at(got.node).is_primary);
        got = co_await any.execute_on(got.node, set, std::move(got.replies));
        CHECK(got.replies[0].string() == "OK");
        co_await any.stop();
    };
    std::exception_ptr failure;
    asio::co_spawn(io, work(), [&](std::exception_ptr thrown) { failure = thrown; });
    io.run_for(60s);
    CHECK(io.stopped());
    CHECK(failure == nullptr);
}

TEST_CASE("redis cluster: a slot that has moved is found at its new node") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    cluster_user c{{at(cluster[0])}};
    auto const key = key_on(0, "moved");
    auto const slot = redis::slot_of_key(key);
    auto const before = c.set(key, "v");
    REQUIRE(before);
    cluster.migrate(slot, 0, 1);
    auto const after = c.get(key);
    CHECK(after.replies[0].string() == "v");
    CHECK(c.name_of(after.node) == cluster.name(1));
    CHECK(c.client.node_of(key) == after.node);
    cluster.migrate(slot, 1, 0);
    CHECK(c.set(key, "w").node == before.node);
}

TEST_CASE("redis cluster: half of a slot is asked for where it went, and the map stays") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    cluster_user c{{at(cluster[0])}};
    auto const tag = key_on(1, "ask");
    auto const gone = "{" + tag + "}gone";
    auto const here = "{" + tag + "}here";
    auto const slot = redis::slot_of_key(tag);
    auto const old = c.set(gone, "1");
    REQUIRE(old);
    REQUIRE(c.set(here, "2"));
    cluster.begin_migration(slot, 1, 2);
    cluster.move_key(gone, 1, 2);
    auto const asked = c.get(gone);
    REQUIRE(asked);
    REQUIRE(asked.replies.size() == 1);
    CHECK(asked.replies[0].string() == "1");
    CHECK(c.name_of(asked.node) == cluster.name(2));
    CHECK(c.get(here).node == old.node);
    CHECK(c.client.node_of(gone) == old.node);
    CHECK(c.set("{" + tag + "}new", "3").node == asked.node);

    std::optional<redis::node_result> both; // TRYAGAIN until the slot is whole again
    auto const mget = ask("MGET", gone, here);
    asio::co_spawn(c.io, c.client.execute(redis::access::read, gone, mget),
                   [&](std::exception_ptr, redis::node_result got) { both = std::move(got); });
    c.io.restart();
    c.io.run_for(20ms);
    CHECK_FALSE(both);
    cluster.move_keys(slot, 1, 2);
    cluster.end_migration(slot, 1, 2);
    c.until([&] { return both.has_value(); });
    REQUIRE(*both);
    REQUIRE(both->replies[0].size() == 2);
    CHECK(both->replies[0][0].string() == "1");
    CHECK(both->replies[0][1].string() == "2");
    cluster.migrate(slot, 2, 1);
}

TEST_CASE("redis cluster: slots move under load without an error or a wrong value") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    constexpr int callers = 64;
    constexpr int keys_each = 4;
    asio::thread_pool pool{2};
    redis::cluster_client client{
        pool.get_executor(), {at(cluster[0]), at(cluster[1])}, {.attempt_deadline = 5s}, patient()};
    client.start();
    std::atomic<bool> is_over{false};
    std::atomic<int> errors{0};
    std::atomic<int> wrong{0};
    std::atomic<int> right{0};
    auto caller = [&](int number) -> asio::awaitable<void> {
        redis::node_result got;
        redis::request asked;
        for (int round = 0; !is_over.load(); ++round) {
            auto const key = "load" + std::to_string(number * keys_each + round % keys_each);
            auto const value = std::to_string(number) + " " + std::to_string(round);
            asked.clear();
            asked.append("SET", key, value);
            got = co_await client.execute(redis::access::write, key, asked, std::move(got.replies));
            errors += got && got.replies[0].string() == "OK" ? 0 : 1;
            asked.clear();
            asked.append("GET", key);
            got = co_await client.execute(redis::access::read, key, asked, std::move(got.replies));
            errors += got && !got.replies[0].is_error() ? 0 : 1;
            bool const is_mine = got && got.replies[0].string() == value;
            (is_mine ? right : wrong) += 1;
        }
    };
    std::vector<std::future<void>> ends;
    for (int i = 0; i < callers; ++i) {
        ends.push_back(asio::co_spawn(pool, caller(i), asio::use_future));
    }
    auto const refusals = [&] { // that the nodes have answered so far
        std::size_t all = 0;
        for (std::size_t node = 0; node < redis_cluster::primaries; ++node) {
            auto const stats = cluster[node].command({"INFO", "errorstats"});
            for (std::string const kind : {"errorstat_MOVED:count=", "errorstat_ASK:count="}) {
                auto const begin = stats.find(kind);
                all += begin == std::string::npos ? 0 : std::stoul(stats.substr(begin + kind.size()));
            }
        }
        return all;
    };
    auto const refusals_before = refusals();
    std::vector<std::pair<std::uint16_t, std::size_t>> moved;
    for (int i = 0; i < 40; ++i) {
        auto const slot = redis::slot_of_key("load" + std::to_string(i));
        auto const from = redis_cluster::first_owner(slot);
        cluster.migrate(slot, from, (from + 1) % redis_cluster::primaries);
        moved.emplace_back(slot, from);
    }
    for (auto const& [slot, from] : moved) {
        cluster.migrate(slot, (from + 1) % redis_cluster::primaries, from);
    }
    is_over = true;
    for (auto& each : ends) {
        each.get();
    }
    CHECK(errors == 0);
    CHECK(wrong == 0);
    CHECK(right > callers);
    CHECK(refusals() > refusals_before); // the callers did meet the moving slots
    asio::co_spawn(pool, client.stop(), asio::use_future).get();
    pool.join();
}

TEST_CASE("redis cluster: reads go to replicas when they are told to, writes never do") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    cluster_user c{{at(cluster[0])}, {.attempt_deadline = 5s, .read_from_replicas = true}};
    auto const key = key_on(2, "replica");
    REQUIRE(c.set(key, "v"));
    CHECK(c.name_of(c.set(key, "w").node) == cluster.name(2));
    redis::node_result got; // from the primary as long as no replica is connected, and old until it has the value
    c.until([&] {
        got = c.get(key);
        return c.name_of(got.node) == cluster.name(5) && got.replies[0].string() == "w";
    });
    CHECK(c.name_of(c.client.node_of(key)) == cluster.name(2));
    for (int i = 0; i < 10; ++i) {
        CHECK(c.name_of(c.set(key, "x").node) == cluster.name(2));
        CHECK(c.name_of(c.get(key).node) == cluster.name(5));
    }
}

TEST_CASE("redis cluster: pushes and generations come with the number of their node") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    std::map<redis::node_number, std::vector<std::string>> pushes;
    std::map<redis::node_number, std::vector<std::pair<std::uint64_t, bool>>> changes;
    redis::client_hooks hooks;
    hooks.set_up = [](redis::request& r) { r.append("CLIENT", "TRACKING", "ON"); };
    hooks.push = [&](redis::node_number node, redis::reply_view push) {
        pushes[node].push_back(std::string{push[0].text()} + " " + std::string{push[1][0].text()});
    };
    hooks.changed = [&](redis::node_number node, std::uint64_t generation, bool connected) {
        changes[node].emplace_back(generation, connected);
    };
    cluster_user c{{at(cluster[0])}, {.attempt_deadline = 5s}, patient(), std::move(hooks)};
    auto const key = key_on(1, "pushed");
    auto const node = c.get(key).node;
    cluster[1].command({"SET", key, "from elsewhere"});
    c.until([&] { return !pushes.empty(); });
    CHECK(pushes == std::map<redis::node_number, std::vector<std::string>>{{node, {"invalidate " + key}}});
    c.until([&] { return changes.size() == 3; });
    CHECK(changes[node] == std::vector<std::pair<std::uint64_t, bool>>{{1, true}});
}

TEST_CASE(
    "redis cluster: a node that is gone for long is forgotten, and goes on with its generations when it is back") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    std::map<redis::node_number, std::vector<std::pair<std::uint64_t, bool>>> changes;
    redis::client_hooks hooks;
    hooks.changed = [&](redis::node_number node, std::uint64_t generation, bool connected) {
        changes[node].emplace_back(generation, connected);
    };
    cluster_user c{{at(cluster[0])},
                   {.attempt_deadline = 5s, .refresh_interval = 20ms, .forget_after = 1ms, .read_from_replicas = true},
                   patient(),
                   std::move(hooks)};
    auto const number_of = [&](std::string const& name) {
        auto const nodes = c.client.nodes();
        auto const found =
            std::find_if(nodes.begin(), nodes.end(), [&](auto const& each) { return each.name == name; });
        return static_cast<redis::node_number>(found - nodes.begin());
    };
    c.until([&] {
        auto const nodes = c.client.nodes();
        return nodes.size() == 6 &&
               std::all_of(nodes.begin(), nodes.end(), [](auto const& each) { return each.connection.connected; });
    });
    auto const node = number_of(cluster.name(5));
    auto const key = key_on(2, "forgotten");
    CHECK(c.set(key, "v"));
    cluster[5].kill();
    c.until([&] { return c.client.nodes()[node].connection.connects == 0; }); // the others have given it up
    CHECK(c.name_of(c.get(key).node) == cluster.name(2));
    cluster[5].restart();
    c.until([&] { return c.client.nodes()[node].connection.connected; });
    CHECK(number_of(cluster.name(5)) == node);
    auto const back = (std::uint64_t{1} << 32) + 1;
    CHECK(changes[node] == std::vector<std::pair<std::uint64_t, bool>>{{1, true}, {2, false}, {back, true}});
    redis::node_result got;
    c.until([&] {
        got = c.get(key);
        return got.node == node;
    });
    CHECK(got.generation == back);
}

TEST_CASE("redis cluster: a killed primary is replaced by its replica") {
    ORFEAS_NEEDS_REDIS();
    redis_cluster cluster{500};
    auto connections = patient();
    connections.call_deadline = 300ms;
    cluster_user c{{at(cluster[0]), at(cluster[1])}, {.attempt_deadline = 100ms}, connections};
    auto const key = key_on(0, "killed");
    auto const other = key_on(1, "alive");
    redis::node_result got;
    c.until([&] {
        got = c.set(key, "v");
        return got && c.set(other, "v");
    });
    auto const old = got.node;
    REQUIRE(cluster[0].command({"WAIT", "1", "10000"}) == ":1\r\n");
    cluster[0].kill();
    int failures = 0;
    c.until([&] {
        got = c.get(key);
        failures += got ? 0 : 1;
        return static_cast<bool>(got);
    });
    CHECK(failures > 0);
    CHECK(got.replies[0].string() == "v");
    CHECK(c.name_of(got.node) == cluster.name(3));
    CHECK(c.set(key, "w"));
    CHECK(c.set(other, "w"));
    auto const now_primaries = c.client.primaries();
    CHECK(std::count(now_primaries.begin(), now_primaries.end(), old) == 0);
    CHECK(now_primaries.size() == 3);

    cluster[1].freeze(); // the same without a sign from the kernel: the connections stand
    auto const frozen = c.client.node_of(other);
    c.until([&] {
        got = c.get(other);
        return static_cast<bool>(got);
    });
    CHECK(got.node != frozen);
    CHECK(c.name_of(got.node) == cluster.name(4));
    CHECK(c.get(key).replies[0].string() == "w");
}

TEST_CASE("redis cluster: what is refused for good is said at once") {
    ORFEAS_NEEDS_REDIS();
    SECTION("a server that is no node of a cluster") {
        redis_server const single;
        cluster_user c{{at(single)}};
        CHECK(is(c.get("k"), error::not_a_cluster));
    }
    SECTION("a wrong password") {
        redis_server const node{{"--cluster-enabled", "yes", "--requirepass", "secret"}};
        auto seed = at(node);
        seed.password = "wrong";
        cluster_user c{{seed}};
        CHECK(is(c.get("k"), error::authentication_refused));
        CHECK(is(c.get("k"), error::authentication_refused));
    }
}

TEST_CASE(
    "redis cluster: user and password of the seeds are used for the nodes, and a cluster that begins is waited for") {
    ORFEAS_NEEDS_REDIS();
    redis_server const node{{"--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1", "--user", "ann", "on",
                             ">pw", "~*", "+@all"}};
    REQUIRE(node.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}) == "+OK\r\n");
    auto seed = at(node);
    seed.user = "ann";
    seed.password = "pw";
    cluster_user c{{seed}};
    CHECK(c.call(redis::access::write, "SET", "k", "v").replies[0].string() == "OK"); // CLUSTERDOWN in the beginning
    CHECK(node.command({"ACL", "LIST"}).find("ann") != std::string::npos);
    CHECK(node.command({"CLIENT", "LIST"}).find("user=ann") != std::string::npos);
}

TEST_CASE("redis cluster: without a node that answers, calls wait until their deadline") {
    auto connections = patient();
    connections.call_deadline = 50ms;
    cluster_user c{{redis::parse_endpoint("redis://127.0.0.1:" + std::to_string(orfeas_test::free_port())),
                    redis::parse_endpoint("redis://127.0.0.1:" + std::to_string(orfeas_test::free_port()))},
                   {},
                   connections};
    auto const got = c.get("k");
    CHECK((is(got, error::not_connected) || is(got, error::timed_out)));
    CHECK(c.client.nodes().empty());
    CHECK(c.client.primaries().empty());
    CHECK(c.client.node_of("k") == 0);
}

TEST_CASE("redis cluster: a cluster without slots serves nothing") {
    ORFEAS_NEEDS_REDIS();
    redis_server const node{{"--cluster-enabled", "yes"}};
    auto connections = patient();
    connections.call_deadline = 200ms;
    cluster_user c{{at(node)}, {}, connections};
    redis::node_result got;
    c.until([&] {
        got = c.get("k");
        return !is(got, error::timed_out);
    });
    CHECK(is(got, error::no_slot_owner));
}

TEST_CASE("redis cluster: seeds and options that cannot be are refused") {
    asio::io_context io;
    auto const refused = [&](std::vector<redis::endpoint> seeds, redis::cluster_options options = {}) {
        try {
            redis::cluster_client const c{io.get_executor(), std::move(seeds), options};
        } catch (orfeas::option_error const&) {
            return true;
        }
        return false;
    };
    redis::endpoint const plain;
    redis::endpoint other_user;
    other_user.user = "ann";
    redis::endpoint other_database;
    other_database.database = 1;
    redis::endpoint over_tls;
    over_tls.tls = true;
    CHECK_FALSE(refused({plain}));
    CHECK(refused({}));
    CHECK(refused({plain, other_user}));
    CHECK(refused({other_database}));
    CHECK(refused({over_tls}));
    CHECK(refused({plain}, {.most_wait = 0ms}));
}

TEST_CASE("redis cluster: a caller that is cancelled leaves alone, also while it waits") {
    ORFEAS_NEEDS_REDIS();
    redis_server const node{{"--cluster-enabled", "yes"}}; // has no slots: calls wait
    cluster_user c{{at(node)}, {.first_wait = 20'000ms, .most_wait = 20'000ms}};
    auto const get = ask("GET", "k");
    asio::cancellation_signal signal;
    std::optional<boost::system::error_code> left;
    auto work = [&]() -> asio::awaitable<void> {
        co_await asio::this_coro::throw_if_cancelled(false);
        auto const got = co_await c.client.execute(redis::access::read, "k", get);
        left = got.error;
    };
    asio::co_spawn(c.io, work(), asio::bind_cancellation_slot(signal.slot(), asio::detached));
    c.io.restart();
    c.io.run_for(20ms);
    CHECK_FALSE(left);
    signal.emit(asio::cancellation_type::terminal);
    c.until([&] { return left.has_value(); });
    CHECK(*left == asio::error::operation_aborted);
}

TEST_CASE("redis cluster: stop fails what is under way, joins, and leaves nothing to run") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    asio::io_context io;
    redis::cluster_client client{io.get_executor(), {at(cluster[0])}, {.attempt_deadline = 20s}, patient()};
    auto const key = key_on(0, "stopped");
    auto const get = ask("GET", key);
    auto const wait = ask("BLPOP", key, "0");
    std::vector<redis::node_result> ended;
    auto call = [&](redis::request const& asked) -> asio::awaitable<void> {
        ended.push_back(co_await client.execute(redis::access::read, key, asked));
    };
    auto work = [&]() -> asio::awaitable<void> {
        co_await call(get);
        client.start();
        client.start();
        co_await call(get);
        asio::co_spawn(io, call(wait), asio::detached);
        asio::co_spawn(io, call(wait), asio::detached);
        co_await client.execute_on(client.primaries().back(), get);
        co_await client.stop();
        co_await client.stop();
        co_await call(get);
    };
    asio::co_spawn(io, work(), asio::detached);
    io.run_for(60s);
    CHECK(io.stopped()); // by itself: nothing is left to wait for
    REQUIRE(ended.size() == 5);
    CHECK(is(ended[0], error::not_connected)); // before start
    CHECK(ended[1]);
    for (std::size_t i = 2; i < ended.size(); ++i) {
        CHECK(is(ended[i], error::shut_down));
    }
    for (auto const& node : client.nodes()) {
        CHECK_FALSE(node.connection.connected);
    }
}

TEST_CASE("redis cluster: it may be stopped and destroyed at any moment") {
    ORFEAS_NEEDS_REDIS();
    auto& cluster = shared_cluster();
    auto const get = ask("GET", "k");
    for (int i = 0; i < 20; ++i) {
        asio::io_context io;
        std::optional<redis::client_hooks> hooks;
        {
            redis::cluster_client client{io.get_executor(), {at(cluster[0])}, {.attempt_deadline = 5s}, patient()};
            client.start();
            asio::co_spawn(io, client.execute(redis::access::read, "k", get), asio::detached);
            io.run_for(std::chrono::microseconds{200 * i});
        }
        io.restart();
        io.run_for(60s);
        CHECK(io.stopped());
    }
}
