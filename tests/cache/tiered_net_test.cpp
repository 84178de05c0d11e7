// SPDX-License-Identifier: MIT
//
// Two tiered caches on one real server are to each other what two processes are: each has connections of its own.
#include "support/catch.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/cluster_slots.hpp>
#include <orfeas/cache/tiered.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace cache = orfeas::cache;
using orfeas::task;
using orfeas_test::redis_cluster;
using orfeas_test::redis_server;

namespace {

#define ORFEAS_NEEDS_REDIS()                                                                                           \
    if (!redis_server::is_installed()) {                                                                               \
        ORFEAS_TEST_SKIP("redis-server is not installed");                                                             \
    }

using texts =
    cache::tiered<std::string, std::string, cache::default_codec<std::string>, cache::adaptive, orfeas::manual_clock>;
using maybe_text = std::optional<std::string>;

/// A loop, a clock, and caches that are stopped at the end whatever the test comes to.
struct world {
    asio::io_context io;
    orfeas::manual_clock clock;
    std::vector<std::unique_ptr<texts>> caches;

    ~world() {
        for (auto const& each : caches) {
            asio::co_spawn(io, each->stop(), asio::detached);
        }
        io.restart();
        io.run_for(60s);
    }

    /// A machine under load must not fail the tests: calls have time.
    texts& add(cache::tiered_options options, std::chrono::milliseconds call_deadline = 20s) {
        texts::parts with;
        with.clock = clock;
        with.connection.call_deadline = call_deadline;
        with.connection.most_backoff = 20ms;
        caches.push_back(std::make_unique<texts>(io.get_executor(), std::move(options), std::move(with)));
        return *caches.back();
    }

    /// One more cache on the server, connected.
    texts& join(redis_server const& server, cache::tiered_options options = {}) {
        options.l2 = {server.url()};
        auto& made = add(std::move(options));
        until([&] { return made.stats().nodes.at(0).connection.connected; });
        return made;
    }

    template<class T>
    T wait(task<T> work) {
        std::optional<T> result;
        std::exception_ptr failure;
        auto keep = [&](std::exception_ptr error, T value) {
            failure = error;
            result.emplace(std::move(value));
        };
        asio::co_spawn(io, std::move(work), keep);
        until([&] { return result.has_value(); });
        if (failure != nullptr) {
            std::rethrow_exception(failure);
        }
        return std::move(*result);
    }

    /// Runs the loop until it holds; what hangs fails.
    template<class Predicate>
    void until(Predicate holds) {
        auto const limit = std::chrono::steady_clock::now() + 60s;
        io.restart();
        while (!holds()) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            io.run_one_for(10ms);
        }
    }
};

/// A loader that gives its value when it is told to.
struct gated_loader {
    struct gate {
        explicit gate(asio::io_context& io) : timer{io, std::chrono::steady_clock::time_point::max()} {}
        asio::steady_timer timer;
        bool is_open = false;
        int loads = 0;

        void open() {
            is_open = true;
            timer.cancel();
        }
    };

    std::shared_ptr<gate> at;
    std::string value;

    task<std::string> operator()() {
        ++at->loads;
        while (!at->is_open) {
            co_await at->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return value;
    }
};

task<std::string> text_of(std::string value) {
    co_return value;
}
task<maybe_text> nothing() {
    co_return std::nullopt;
}
task<std::string> broken() {
    throw std::runtime_error{"the source is down"};
    co_return "";
}

} // namespace

TEST_CASE("cache: a tiered cache without servers is a local one") {
    world w;
    auto& c = w.add({});
    CHECK(w.wait(c.get("a")) == std::nullopt);
    CHECK(w.wait(c.put("a", "1")));
    CHECK(w.wait(c.get("a")) == "1");
    CHECK(c.get_local("a") == "1");
    CHECK(w.wait(c.get_or_load("b", [] { return text_of("2"); })) == "2");
    CHECK(w.wait(c.get("b")) == "2");
    CHECK(w.wait(c.get_many({"b", "x", "a"})) == std::vector<maybe_text>{"2", std::nullopt, "1"});
    CHECK(w.wait(c.erase("a")));
    CHECK(w.wait(c.get("a")) == std::nullopt);
    auto const report = w.wait(c.invalidate_pattern("b*"));
    CHECK(report.l1_entries == 1);
    CHECK(report.nodes == 0);
    CHECK(w.wait(c.get("b")) == std::nullopt);
    CHECK(c.stats().loads == 1);
    CHECK(c.stats().nodes.empty());
    CHECK(w.wait(c.warm_up(1'000)).keys == 0);
}

TEST_CASE("cache: tags of a tiered cache without servers") {
    world w;
    auto& c = w.add({});
    w.wait(c.put("a", "1", {.tags = {"red"}}));
    w.wait(c.put("b", "2", {.tags = {"red", "blue"}}));
    w.wait(c.put("c", "3", {.tags = {"blue"}}));
    CHECK(w.wait(c.get("a")) == "1");
    CHECK(w.wait(c.invalidate_tag("red")));
    CHECK(w.wait(c.get("a")) == std::nullopt);
    CHECK(w.wait(c.get("b")) == std::nullopt);
    CHECK(w.wait(c.get("c")) == "3");
    w.wait(c.put("a", "4", {.tags = {"red"}}));
    CHECK(w.wait(c.get("a")) == "4");
    CHECK(w.wait(c.invalidate_tag("red")));
    CHECK(w.wait(c.get("a")) == std::nullopt);
}

TEST_CASE("cache: what one process puts the other one gets, first from the server and then from its own tier") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    CHECK(w.wait(a.put("k", "v")));
    CHECK(a.get_local("k") == "v");
    CHECK(b.get_local("k") == std::nullopt);
    CHECK(w.wait(b.get("k")) == "v");
    CHECK(b.stats().l2_hits == 1);
    CHECK(b.get_local("k") == "v");
    CHECK(w.wait(b.get("k")) == "v");
    CHECK(b.stats().l2_hits == 1);
    CHECK(b.stats().l1_hits == 2);
}

TEST_CASE("cache: a value may live for ever, on the server and here") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    cache::tiered_options options;
    options.stale_if_error = 60s;
    options.ttl_jitter = 0;
    auto& a = w.join(server, options);
    auto& b = w.join(server, options);
    CHECK(w.wait(a.put("k", "v", {.ttl = std::chrono::nanoseconds::max()})));
    w.clock.advance(50min);
    CHECK(w.wait(b.get("k")) == "v");
}

TEST_CASE("cache: a change in one process invalidates the entry of the other, read or written through") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    w.wait(a.put("k", "1")); // a has it from its own write
    w.wait(b.get("k"));      // b has read it
    w.wait(b.put("k", "2"));
    w.until([&] { return a.stats().invalidations == 1; });
    CHECK(a.get_local("k") == std::nullopt);
    CHECK(b.get_local("k") == "2"); // the writer's own entry stays
    CHECK(w.wait(a.get("k")) == "2");
    w.wait(a.put("k", "3"));
    w.until([&] { return b.stats().invalidations == 1; });
    CHECK(w.wait(b.get("k")) == "3");
    w.wait(b.erase("k"));
    w.until([&] { return a.stats().invalidations == 2; });
    CHECK(w.wait(a.get("k")) == std::nullopt);
    CHECK(a.get_local("k") == std::nullopt);
}

TEST_CASE("cache: other clients' changes to the servers reach the local tier") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    w.wait(a.put("k", "1"));
    server.command({"DEL", "orfeas:k"});
    w.until([&] { return a.stats().invalidations == 1; });
    CHECK(w.wait(a.get("k")) == std::nullopt);
    w.wait(a.put("k", "2"));
    auto const epochs = a.stats().epochs;
    server.command({"FLUSHALL"});
    w.until([&] { return a.stats().epochs > epochs; });
    CHECK(a.get_local("k") == std::nullopt);
    CHECK(w.wait(a.get("k")) == std::nullopt);
}

TEST_CASE("cache: a load that began before an erasure elsewhere is not stored") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    auto const gate = std::make_shared<gated_loader::gate>(w.io);
    maybe_text loaded;
    auto const keep = [&](std::exception_ptr, std::string value) { loaded = std::move(value); };
    asio::co_spawn(w.io, a.get_or_load("k", gated_loader{gate, "old"}), keep);
    w.until([&] { return gate->loads == 1; });
    SECTION("of an absent key") {
        w.wait(b.erase("k"));
    }
    SECTION("that came and went") {
        w.wait(b.put("k", "between"));
        w.wait(b.erase("k"));
    }
    SECTION("or before another value was put") {
        w.wait(b.put("k", "new"));
    }
    auto const expected = w.wait(b.get("k"));
    gate->open();
    w.until([&] { return loaded.has_value(); });
    CHECK(loaded == "old"); // who asked before gets it
    CHECK(a.get_local("k") == std::nullopt);
    CHECK(w.wait(a.get("k")) == expected);
    CHECK(w.wait(b.get("k")) == expected);
    CHECK(a.stats().l2_refused_writes == 1);
    auto const gate2 = std::make_shared<gated_loader::gate>(w.io);
    gate2->is_open = true;
    CHECK(w.wait(a.get_or_load("k", gated_loader{gate2, "fresh"})) == expected.value_or("fresh"));
    CHECK(w.wait(b.get("k")) == expected.value_or("fresh")); // over the tombstone
}

TEST_CASE("cache: callers in one process load a cold key of both tiers once") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto const gate = std::make_shared<gated_loader::gate>(w.io);
    int served = 0;
    auto const count = [&](std::exception_ptr error, std::string value) { served += !error && value == "v" ? 1 : 0; };
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(w.io, a.get_or_load("k", gated_loader{gate, "v"}), count);
    }
    w.until([&] { return gate->loads == 1 && a.stats().coalesced == 99; });
    gate->open();
    w.until([&] { return served == 100; });
    CHECK(gate->loads == 1);
    CHECK(a.stats().l2_reads == 1);
    CHECK(a.stats().loads == 1);
    CHECK(a.get_local("k") == "v");
}

TEST_CASE("cache: a loader may say that a key has no value, and the servers remember it") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    CHECK(w.wait(a.get_or_load("k", [] { return nothing(); })) == std::nullopt);
    CHECK(w.wait(b.get_or_load("k", [] { return nothing(); })) == std::nullopt);
    CHECK(a.stats().loads == 1);
    CHECK(b.stats().loads == 0);
    CHECK(w.wait(b.get_or_load("k", [] { return text_of("v"); })) == "v"); // who cannot say so loads
    CHECK(b.stats().loads == 1);
    w.until([&] { return a.stats().invalidations == 1; });
    CHECK(w.wait(a.get("k")) == "v");
}

TEST_CASE("cache: what a loader throws reaches its caller, unless a value that may be stale is there") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    cache::tiered_options options;
    options.ttl_jitter = 0;
    options.ttl = 10s;
    options.stale_if_error = 60s;
    auto& a = w.join(server, options);
    auto& b = w.join(server, options);
    CHECK_THROWS_AS(w.wait(a.get_or_load("k", [] { return broken(); })), std::runtime_error);
    CHECK(a.stats().load_failures == 1);
    w.wait(a.put("k", "old"));
    w.clock.advance(20s);
    CHECK(w.wait(b.get("k")) == std::nullopt);
    CHECK(w.wait(b.get_or_load("k", [] { return broken(); })) == "old"); // from the server
    CHECK(w.wait(a.get_or_load("k", [] { return broken(); })) == "old"); // from its own tier
    CHECK(w.wait(b.get_or_load("k", [] { return text_of("new"); })) == "new");
    CHECK(w.wait(b.get("k")) == "new");
    w.clock.advance(80s);
    CHECK_THROWS_AS(w.wait(b.get_or_load("k", [] { return broken(); })), std::runtime_error);
}

TEST_CASE("cache: tags invalidate the entries of all processes") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    w.wait(a.put("x", "1", {.tags = {"red"}}));
    w.wait(a.put("y", "2", {.tags = {"red", "blue"}}));
    w.wait(a.put("z", "3", {.tags = {"blue"}}));
    CHECK(w.wait(b.get_many({"x", "y", "z"})) == std::vector<maybe_text>{"1", "2", "3"});
    CHECK(b.get_local("y") == "2");
    CHECK(w.wait(a.invalidate_tag("red")));
    CHECK(a.get_local("x") == std::nullopt);
    CHECK(w.wait(a.get("x")) == std::nullopt);
    w.until([&] { return b.stats().invalidations == 1; });
    CHECK(b.get_local("y") == std::nullopt);
    CHECK(w.wait(b.get("y")) == std::nullopt);
    CHECK(w.wait(b.get("z")) == "3");
    CHECK(w.wait(b.get_or_load("x", [] { return text_of("4"); }, {.tags = {"red"}})) == "4");
    CHECK(w.wait(a.get("x")) == "4");
    auto const epochs = a.stats().epochs + b.stats().epochs;
    server.command({"FLUSHALL"}); // which forgets the generations, too
    w.until([&] { return a.stats().epochs + b.stats().epochs == epochs + 2; });
    w.wait(a.put("x", "5", {.tags = {"red"}}));
    CHECK(w.wait(b.get("x")) == "5");
}

TEST_CASE("cache: a pattern invalidates keys on the servers and in all processes, and no others") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    cache::tiered_options options;
    options.key_prefix = "a*[b]:"; // a prefix is no pattern
    auto& a = w.join(server, options);
    auto& b = w.join(server, options);
    auto& other = w.join(server, {.key_prefix = "ab:"});
    std::vector<std::pair<std::string, std::string>> many;
    for (int i = 0; i < 3'000; ++i) {
        many.emplace_back((i % 2 == 0 ? "even:" : "odd:") + std::to_string(i), "v");
    }
    CHECK(w.wait(a.put_many(many)) == 3'000);
    w.wait(other.put("even:0", "other"));
    CHECK(w.wait(b.get("even:2")) == "v");
    CHECK(w.wait(b.get("odd:1")) == "v");
    auto const report = w.wait(a.invalidate_pattern("even:*"));
    CHECK(report.l2_entries == 1'500);
    CHECK(report.nodes == 1);
    CHECK(report.failed_nodes == 0);
    CHECK(a.get_local("even:2") == std::nullopt);
    w.until([&] { return b.stats().invalidations == 1; });
    CHECK(w.wait(b.get("even:2")) == std::nullopt);
    CHECK(b.get_local("odd:1") == "v");
    CHECK(w.wait(other.get("even:0")) == "other");
    CHECK(w.wait(a.clear()).l2_entries == 1'500);
    CHECK(w.wait(a.get("odd:1")) == std::nullopt);
    CHECK(w.wait(other.get("even:0")) == "other");
}

TEST_CASE("cache: bytes on a server that are no value of ours are a miss, and are replaced") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    w.wait(a.put("k", "v"));
    SECTION("foreign") {
        server.command({"SET", "orfeas:k", "hello"});
    }
    SECTION("short") {
        server.command({"SET", "orfeas:k", ""});
    }
    SECTION("cut") {
        server.command({"EVAL", "local v=redis.call('GET',KEYS[1]) redis.call('SET',KEYS[1],string.sub(v,1,-2))", "1",
                        "orfeas:k"});
    }
    SECTION("changed") {
        server.command({"SETRANGE", "orfeas:k", "41", "x"});
    }
    SECTION("of a later release") {
        server.command({"SETRANGE", "orfeas:k", "4", "\x7f"});
    }
    w.until([&] { return a.stats().invalidations == 1; });
    CHECK(w.wait(a.get("k")) == std::nullopt);
    CHECK(a.stats().l2_rejected_values == 1);
    CHECK(w.wait(a.get_or_load("k", [] { return text_of("new"); })) == "new");
    CHECK(w.wait(a.get("k")) == "new");
}

TEST_CASE("cache: a value that is too large for a server is not stored, and an older one does not stay") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    cache::tiered_options options;
    options.l2 = {server.url()};
    texts::parts with;
    with.clock = w.clock;
    with.connection.request_bytes = 10'000;
    texts a{w.io.get_executor(), options, std::move(with)};
    w.until([&] { return a.stats().nodes.at(0).connection.connected; });
    CHECK(w.wait(a.put("k", "small")));
    CHECK_FALSE(w.wait(a.put("k", std::string(20'000, 'x'))));
    CHECK(w.wait(a.get("k")) == std::nullopt);
    CHECK(server.command({"EXISTS", "orfeas:k"}) == ":0\r\n");
    CHECK(a.stats().pending_writes == 0); // it will never be taken
    auto const large = [] { return text_of(std::string(20'000, 'y')); };
    CHECK(w.wait(a.get_or_load("k", large)) == std::string(20'000, 'y')); // who asks gets it all the same
    asio::co_spawn(w.io, a.stop(), asio::detached);
    w.io.run_for(5s);
}

TEST_CASE("cache: a key that holds another type on the server is no obstacle") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    server.command({"LPUSH", "orfeas:k", "1"});
    CHECK(w.wait(a.get("k")) == std::nullopt);
    CHECK(w.wait(a.get_or_load("k", [] { return text_of("v"); })) == "v");
    CHECK(w.wait(a.put("k", "v2")));
    CHECK(w.wait(a.get("k")) == "v2");
}

TEST_CASE("cache: many keys are read in one round, in both tiers") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    std::vector<std::pair<std::string, std::string>> many;
    std::vector<std::string> keys;
    for (int i = 0; i < 2'500; ++i) {
        many.emplace_back(std::to_string(i), "v" + std::to_string(i));
        keys.push_back(std::to_string(i));
    }
    keys.push_back("none");
    CHECK(w.wait(a.put_many(many)) == many.size());
    auto const calls = b.stats().nodes.at(0).connection.calls;
    auto const got = w.wait(b.get_many(keys));
    CHECK(b.stats().nodes.at(0).connection.calls - calls == 3); // a thousand keys a piece
    std::size_t right = 0;
    for (std::size_t i = 0; i < many.size(); ++i) {
        right += got[i] == many[i].second ? 1U : 0U;
    }
    CHECK(right == many.size());
    CHECK(got.back() == std::nullopt);
    CHECK(b.stats().l2_hits == many.size());
    CHECK(w.wait(b.get_many(keys)) == got);
    CHECK(b.stats().l1_hits == many.size());
    w.wait(a.put("7", "changed"));
    w.until([&] { return b.stats().invalidations == 1; });
    CHECK(w.wait(b.get_many({"7"})) == std::vector<maybe_text>{"changed"});
}

TEST_CASE("cache: a warm-up brings in what the servers have") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    std::vector<std::pair<std::string, std::string>> many;
    for (int i = 0; i < 1'500; ++i) {
        many.emplace_back(std::to_string(i), "v");
    }
    w.wait(a.put_many(many));
    auto const report = w.wait(b.warm_up(1U << 30U));
    CHECK(report.entries == 1'500);
    CHECK(report.failed_nodes == 0);
    CHECK(b.get_local("77") == "v");
    w.wait(a.put("77", "w"));
    w.until([&] { return b.stats().invalidations == 1; });
    CHECK(w.wait(b.get("77")) == "w");
}

TEST_CASE("cache: without its server a tiered cache goes on, and tells it what it missed when it is back") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    w.wait(a.put("kept", "1"));
    w.wait(a.put("gone", "1"));
    server.kill();
    w.until([&] { return !a.stats().nodes.at(0).connection.connected; });
    CHECK(a.get_local("kept") == std::nullopt); // who would tell of its changes?
    CHECK(w.wait(a.get("kept")) == std::nullopt);
    CHECK_FALSE(w.wait(a.put("kept", "2")));
    CHECK_FALSE(w.wait(a.erase("gone")));
    CHECK(w.wait(a.get("kept")) == "2");
    CHECK(w.wait(a.get("gone")) == std::nullopt);
    CHECK(w.wait(a.get_or_load("made", [] { return text_of("3"); })) == "3");
    CHECK(a.get_local("made") == "3"); // for the time of the outage
    CHECK(a.stats().pending_writes == 2);
    CHECK(w.wait(a.put("dropped:1", "4")) == false);
    CHECK(w.wait(a.invalidate_pattern("dropped:*")).failed_nodes == 1); // and what waits is not to be written any more
    CHECK(a.stats().pending_writes == 2);
    server.restart();
    w.until([&] { return a.stats().pending_writes == 0; });
    CHECK(a.get_local("made") == std::nullopt);
    auto& b = w.join(server);
    CHECK(w.wait(b.get("kept")) == "2");
    CHECK(w.wait(b.get("gone")) == std::nullopt);
    CHECK(w.wait(a.get("kept")) == "2");
}

TEST_CASE("cache: a later write is not undone by an earlier one that waited") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    server.kill();
    w.until([&] { return !a.stats().nodes.at(0).connection.connected; });
    CHECK_FALSE(w.wait(a.put("k", "1")));
    CHECK_FALSE(w.wait(a.put("k", "2")));
    CHECK(a.stats().pending_writes == 1);
    server.restart();
    bool taken = false;
    for (int i = 3; !taken; ++i) {
        taken = w.wait(a.put("k", std::to_string(i)));
        REQUIRE(i < 100'000);
    }
    w.until([&] { return a.stats().pending_writes == 0; });
    auto& b = w.join(server);
    CHECK(w.wait(b.get("k")) == w.wait(a.get("k")));
    CHECK(w.wait(b.get("k")) != "1");
    CHECK(w.wait(b.get("k")) != "2");
}

TEST_CASE("cache: keys that are numbers, values that are structs") {
    ORFEAS_NEEDS_REDIS();
    struct point {
        float x;
        float y;
        bool operator==(point const&) const = default;
    };
    redis_server server;
    world w;
    cache::tiered_options options;
    options.l2 = {server.url()};
    cache::tiered<std::uint64_t, point> points{w.io.get_executor(), options};
    w.until([&] { return points.stats().nodes.at(0).connection.connected; });
    CHECK(w.wait(points.put(42, point{1, 2})));
    CHECK(server.command({"EXISTS", "orfeas:42"}) == ":1\r\n");
    CHECK(w.wait(points.get(42)) == point{1, 2});
    server.command({"DEL", "orfeas:42"});
    w.until([&] { return points.stats().invalidations == 1; });
    CHECK(w.wait(points.get(42)) == std::nullopt);
    asio::co_spawn(w.io, points.stop(), asio::detached);
    w.io.run_for(5s);
}

TEST_CASE("cache: options of a tiered cache that make no sense are refused") {
    world w;
    CHECK_THROWS_AS(w.add({.l2 = {"http://127.0.0.1"}}), orfeas::option_error);
    CHECK_THROWS_AS(w.add({.l2 = {"redis://127.0.0.1:1", "redis://127.0.0.1:1"}}), orfeas::option_error);
    CHECK_THROWS_AS(w.add({.l2 = {"rediss://127.0.0.1:1"}}), orfeas::option_error);
    CHECK_THROWS_AS(w.add({.l1_bytes = 0}), orfeas::option_error);
    CHECK_THROWS_AS(w.add({.l2_topology = "star"}), orfeas::option_error);
}

TEST_CASE("cache: a snapshot of a tiered cache without servers keeps values for the rest of their time") {
    world w;
    cache::tiered_options options;
    options.ttl_jitter = 0;
    options.ttl = 100s;
    auto& a = w.add(options);
    w.wait(a.put("x", "1"));
    w.wait(a.put("y", "2", {.ttl = 10s}));
    w.wait(a.put("z", "3", {.tags = {"red"}}));
    std::string snapshot;
    CHECK(a.save([&](std::string_view piece) { snapshot.append(piece); }) == 3);
    auto& b = w.add(options);
    auto const report = w.wait(b.restore(snapshot));
    CHECK(report.entries == 2);
    CHECK(report.unreadable == 0);
    CHECK(b.get_local("x") == "1");
    CHECK(b.get_local("y") == "2");
    CHECK(b.get_local("z") == std::nullopt);
    w.clock.advance(20s);
    CHECK(b.get_local("x") == "1");
    CHECK(b.get_local("y") == std::nullopt);
    snapshot.resize(snapshot.size() / 2);
    auto& c = w.add(options);
    CHECK(w.wait(c.restore(snapshot)).unreadable == 1);
}

TEST_CASE("cache: with servers a snapshot says which keys to read from them") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    w.wait(a.put("x", "1"));
    w.wait(a.put("y", "2"));
    std::string snapshot;
    CHECK(a.save([&](std::string_view piece) { snapshot.append(piece); }) == 2);
    w.wait(a.put("x", "3"));
    w.wait(a.erase("y"));
    auto& b = w.join(server);
    CHECK(w.wait(b.restore(snapshot)).entries == 1);
    CHECK(b.get_local("x") == "3");
    CHECK(b.get_local("y") == std::nullopt);
    w.wait(a.put("x", "4"));
    w.until([&] { return b.stats().invalidations == 1; });
    CHECK(w.wait(b.get("x")) == "4");
}

TEST_CASE("cache: in several threads nothing older is read than what the process has seen or written") {
    ORFEAS_NEEDS_REDIS();
    constexpr std::size_t keys = 6;
    constexpr int steps = 400;
    struct process {
        texts* cache;
        std::array<std::atomic<int>, keys> seen{}; // by calls that have ended
        std::atomic<int> stale{0};

        void note(std::size_t key, int version) {
            int last = seen[key].load();
            while (last < version && !seen[key].compare_exchange_weak(last, version)) {}
        }
    };
    redis_server server;
    asio::thread_pool threads{3};
    std::array<std::unique_ptr<texts>, 2> caches;
    std::array<process, 2> processes;
    for (std::size_t i = 0; i < 2; ++i) {
        cache::tiered_options options;
        options.l2 = {server.url()};
        texts::parts with;
        with.connection.call_deadline = 20s;
        caches[i] = std::make_unique<texts>(threads.get_executor(), options, std::move(with));
        processes[i].cache = caches[i].get();
    }
    // One writer a key, who writes in both processes by turns: each hears of the other's writes while its own are on the way.
    auto const write = [](std::array<process, 2>& all, std::size_t key) -> task<> {
        for (int version = 1; version <= steps; ++version) {
            process& in = all[static_cast<std::size_t>(version) % 2];
            co_await in.cache->put(std::to_string(key), std::to_string(version));
            in.note(key, version);
            std::optional<std::string> const got = co_await in.cache->get(std::to_string(key));
            in.stale.fetch_add(got == std::to_string(version) ? 0 : 1);
        }
    };
    auto const read = [](process& in, std::size_t first) -> task<> {
        for (std::size_t i = 0; i < 3 * steps; ++i) {
            std::size_t const key = (first + i * i) % keys;
            int const floor = in.seen[key].load();
            std::optional<std::string> const got = co_await in.cache->get(std::to_string(key));
            int const version = got ? std::stoi(*got) : 0;
            in.stale.fetch_add(version < floor ? 1 : 0);
            in.note(key, version);
        }
    };
    std::vector<std::future<void>> all;
    for (std::size_t key = 0; key < keys; ++key) {
        all.push_back(asio::co_spawn(threads, write(processes, key), asio::use_future));
    }
    for (std::size_t i = 0; i < 8; ++i) {
        all.push_back(asio::co_spawn(threads, read(processes[i % 2], i), asio::use_future));
    }
    for (auto& each : all) {
        each.get();
    }
    CHECK(processes[0].stale.load() == 0);
    CHECK(processes[1].stale.load() == 0);
    CHECK(processes[0].cache->stats().invalidations > 0);
    for (auto& each : caches) {
        asio::co_spawn(threads, each->stop(), asio::use_future).get();
    }
    threads.join();
}

TEST_CASE("cache: who asks after a change gets nothing of a load that began before it") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    auto const old_gate = std::make_shared<gated_loader::gate>(w.io);
    auto const new_gate = std::make_shared<gated_loader::gate>(w.io);
    new_gate->is_open = true;
    std::string const tag = "red";
    maybe_text loaded;
    auto const keep = [&](std::exception_ptr, std::string value) { loaded = std::move(value); };
    asio::co_spawn(w.io, a.get_or_load("k", gated_loader{old_gate, "old"}, {.tags = {tag}}), keep);
    w.until([&] { return old_gate->loads == 1; });
    std::string expected = "new";
    SECTION("erased here") {
        w.wait(a.erase("k"));
    }
    SECTION("erased there") {
        w.wait(b.erase("k"));
        w.until([&] { return a.stats().invalidations == 1; });
    }
    SECTION("put there") {
        w.wait(b.put("k", "put"));
        w.until([&] { return a.stats().invalidations == 1; });
        expected = "put";
    }
    SECTION("its tag invalidated here") {
        w.wait(a.invalidate_tag(tag));
    }
    SECTION("its tag invalidated there") {
        w.wait(b.invalidate_tag(tag));
        w.until([&] { return a.stats().invalidations == 1; });
    }
    SECTION("cleared") {
        w.wait(a.clear());
    }
    CHECK(w.wait(a.get_or_load("k", gated_loader{new_gate, "new"})) == expected);
    old_gate->open();
    w.until([&] { return loaded.has_value(); });
    CHECK(loaded == "old"); // who asked before gets it
    CHECK(w.wait(a.get("k")) == expected);
    CHECK(w.wait(b.get("k")) == expected);
}

TEST_CASE("cache: what many threads read and put of a key leaves nothing here that is not on the server") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    asio::thread_pool pool{4};
    cache::tiered_options options;
    options.l2 = {server.url()};
    cache::tiered<std::uint64_t, std::uint64_t>::parts with;
    with.connection.call_deadline = 20s;
    cache::tiered<std::uint64_t, std::uint64_t> here{pool.get_executor(), options, std::move(with)};
    cache::tiered<std::uint64_t, std::uint64_t> there{pool.get_executor(), options};
    auto const turn = [&](std::uint64_t round, std::uint64_t caller) -> task<> {
        std::uint64_t const key = round;
        if (caller % 2 == 0) {
            co_await here.put(key, caller);
        } else {
            co_await here.get(key);
        }
    };
    for (std::uint64_t round = 0; round < 300; ++round) {
        std::vector<std::future<void>> all;
        for (std::uint64_t caller = 0; caller < 8; ++caller) {
            all.push_back(asio::co_spawn(pool, turn(round, caller), asio::use_future));
        }
        for (auto& each : all) {
            each.get();
        }
        auto const kept = here.get_local(round);
        if (kept) {
            REQUIRE(kept == asio::co_spawn(pool, there.get(round), asio::use_future).get());
        }
    }
    asio::co_spawn(pool, here.stop(), asio::use_future).get();
    asio::co_spawn(pool, there.stop(), asio::use_future).get();
}

TEST_CASE(
    "cache: of three servers one is killed and one frozen: the third one's keys are unharmed, the others' come back") {
    ORFEAS_NEEDS_REDIS();
    std::vector<std::unique_ptr<redis_server>> servers;
    cache::tiered_options options;
    for (int i = 0; i < 3; ++i) {
        servers.push_back(std::make_unique<redis_server>());
        options.l2.push_back(servers.back()->url());
    }
    world w;
    auto& a = w.add(options, 100ms);
    auto const all_connected = [&] {
        auto const nodes = a.stats().nodes;
        return std::all_of(nodes.begin(), nodes.end(), [](auto const& each) { return each.connection.connected; });
    };
    w.until(all_connected);
    std::vector<std::vector<std::string>> keys(3); // by server
    for (int i = 0; i < 30; ++i) {
        std::string const key = std::to_string(i);
        CHECK(w.wait(a.put(key, "old")));
        for (std::size_t node = 0; node < 3; ++node) {
            if (servers[node]->command({"EXISTS", "orfeas:" + key}) == ":1\r\n") {
                keys[node].push_back(key);
            }
        }
    }
    REQUIRE(keys[0].size() + keys[1].size() + keys[2].size() == 30);
    for (auto& each : keys) {
        REQUIRE(each.size() >= 2);
        each.resize(2);
    }
    servers[1]->kill();
    servers[2]->freeze();
    for (auto const& key : keys[0]) {
        CHECK(w.wait(a.put(key, "new")));
        CHECK(w.wait(a.get(key)) == "new");
    }
    CHECK_FALSE(w.wait(a.put(keys[1][0], "new")));
    CHECK_FALSE(w.wait(a.put(keys[2][0], "new")));
    CHECK_FALSE(w.wait(a.erase(keys[2][1])));
    std::vector<std::string> const mixed{keys[0][0], keys[1][0], keys[2][0], keys[2][1]};
    CHECK(w.wait(a.get_many(mixed)) == std::vector<maybe_text>{"new", "new", "new", std::nullopt});
    servers[1]->restart();
    servers[2]->thaw();
    w.until([&] { return a.stats().pending_writes == 0; });
    auto& b = w.add(options);
    CHECK(w.wait(b.get_many(mixed)) == std::vector<maybe_text>{"new", "new", "new", std::nullopt});
    CHECK(w.wait(b.get(keys[1][1])) == std::nullopt); // it came back empty
    CHECK(w.wait(a.get(keys[1][1])) == std::nullopt);
}

TEST_CASE("cache: slots of a cluster move under a tiered cache, and nobody sees it") {
    ORFEAS_NEEDS_REDIS();
    redis_cluster const cluster;
    world w;
    cache::tiered_options options;
    options.l2_topology = "cluster";
    options.l2 = {"redis://" + cluster.name(0)};
    options.key_prefix = "{one slot}:";
    auto& a = w.add(options);
    auto& b = w.add(options);
    auto const slot = cache::redis::slot_of_key("{one slot}");
    auto const from = redis_cluster::first_owner(slot);
    auto const to = (from + 1) % redis_cluster::primaries;
    CHECK(w.wait(a.put("0", "0")));
    auto moved = std::async(std::launch::async, [&] {
        cluster.migrate(slot, from, to);
        cluster.migrate(slot, to, from);
    });
    bool is_over = false;
    std::vector<std::string> keys{"0"};
    while (!is_over) { // once more after it has ended
        is_over = moved.wait_for(0s) == std::future_status::ready;
        auto const key = std::to_string(keys.size());
        REQUIRE(w.wait(a.put(key, key)));
        REQUIRE(w.wait(b.get(key)) == key);
        REQUIRE(w.wait(b.get_many({keys.back(), "none", key})) ==
                std::vector<maybe_text>{keys.back(), std::nullopt, key});
        keys.push_back(key);
    }
    moved.get();
    auto& late = w.add(options);
    CHECK(w.wait(late.get("0")) == "0"); // now it knows the slots: a batch before that is one of misses
    auto const all = w.wait(late.get_many(keys));
    CHECK(std::equal(all.begin(), all.end(), keys.begin(), keys.end()));
}

TEST_CASE("cache: what was put at a time stays here, all of it") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    std::vector<std::pair<std::string, std::string>> many;
    for (int i = 0; i < 1'500; ++i) {
        many.emplace_back(std::to_string(i), "v");
    }
    CHECK(w.wait(a.put_many(many)) == many.size());
    std::size_t here = 0;
    for (auto const& [key, value] : many) {
        here += a.get_local(key) == value ? 1U : 0U;
    }
    CHECK(here == many.size());
}

TEST_CASE("cache: who is told to clear a cluster that he has not met yet meets it first") {
    ORFEAS_NEEDS_REDIS();
    redis_cluster const cluster;
    world w;
    cache::tiered_options options;
    options.l2_topology = "cluster";
    options.l2 = {"redis://" + cluster.name(0)};
    std::string snapshot;
    auto& a = w.add(options);
    CHECK(w.wait(a.put("0", "v"))); // when it was not known yet who would watch over it
    for (int i = 0; i < 30; ++i) {
        REQUIRE(w.wait(a.put(std::to_string(i), "v")));
    }
    CHECK(a.save([&](std::string_view piece) { snapshot.append(piece); }) == 30);
    CHECK(w.wait(w.add(options).restore(snapshot)).entries == 30);
    CHECK(w.wait(w.add(options).warm_up(1U << 30U)).entries == 30);
    auto const report = w.wait(w.add(options).clear());
    CHECK(report.l2_entries == 30);
    CHECK(report.nodes == redis_cluster::primaries);
    CHECK(report.failed_nodes == 0);
}

TEST_CASE("cache: a stopped cache's values go with it, not with its loop") {
    using value = std::shared_ptr<std::string const>;
    asio::io_context io;
    auto const kept = std::make_shared<std::string const>("mesh");
    {
        cache::tiered<std::string, value> held{io.get_executor()};
        asio::co_spawn(io, held.put("a", kept), asio::detached);
        io.run();
        CHECK(kept.use_count() == 2);
        asio::co_spawn(io, held.stop(), asio::detached);
        io.restart();
        io.run();
    }
    CHECK(kept.use_count() == 1);
}

TEST_CASE("cache: what is in this process may be dropped, and is on the servers still") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    world w;
    auto& a = w.join(server);
    auto& b = w.join(server);
    w.wait(a.put("x", "1"));
    CHECK(w.wait(b.get("x")) == "1");
    CHECK(a.clear_local() == 1);
    CHECK(a.get_local("x") == std::nullopt);
    CHECK(b.get_local("x") == "1");
    CHECK(w.wait(a.get("x")) == "1");
    CHECK(a.stats().l2_hits == 1);
}
