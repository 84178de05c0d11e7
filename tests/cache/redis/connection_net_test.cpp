// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;
using orfeas_test::redis_server;
using redis::error;

namespace {

#define ORFEAS_NEEDS_REDIS()                                                                                           \
    if (!redis_server::is_installed()) {                                                                               \
        ORFEAS_TEST_SKIP("redis-server is not installed");                                                             \
    }

/// Runs a coroutine on the loop to its end; what hangs fails.
template<class Work>
void run(asio::io_context& io, Work work) {
    bool is_done = false;
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr error) {
        failure = error;
        is_done = true;
        io.stop();
    });
    io.restart();
    io.run_for(60s);
    if (failure) {
        std::rethrow_exception(failure);
    }
    REQUIRE(is_done);
}

template<class... Words>
redis::request ask(Words const&... words) {
    redis::request r;
    r.append(words...);
    return r;
}

/// A loop with a connection that is stopped at the end, whatever the test comes to.
struct client {
    explicit client(std::string const& url, redis::connection_options options = {}, redis::connection_hooks hooks = {})
        : connection{io.get_executor(), redis::parse_endpoint(url), patient(std::move(options)), std::move(hooks)} {
        connection.start();
    }
    ~client() {
        asio::co_spawn(io, connection.stop(), asio::detached);
        io.restart();
        io.run_for(60s);
    }

    /// A machine under load must not fail the tests: calls are given time unless they say how much.
    static redis::connection_options patient(redis::connection_options options) {
        options.call_deadline = 20s;
        return options;
    }

    /// Executes one command and waits for it.
    template<class... Words>
    redis::result call(Words const&... words) {
        return call_within(20s, words...);
    }

    template<class... Words>
    redis::result call_within(std::chrono::nanoseconds deadline, Words const&... words) {
        auto const asked = ask(words...);
        redis::result got;
        auto work = [&]() -> asio::awaitable<void> { got = co_await connection.execute_within(deadline, asked); };
        run(io, work());
        return got;
    }

    /// Starts a call; its result comes into `to`.
    void start(redis::request const& asked, std::optional<redis::result>& to, std::chrono::nanoseconds deadline = 20s) {
        connection.execute_within(deadline, asked, {}, [&to](redis::result done) { to = std::move(done); });
    }

    /// Runs the loop until it holds.
    template<class Predicate>
    void until(Predicate holds) {
        auto const limit = std::chrono::steady_clock::now() + 60s;
        io.restart();
        while (!holds()) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            io.run_one_for(10ms);
        }
    }

    asio::io_context io;
    redis::connection connection;
};

bool is(redis::result const& got, error what) {
    return got.error == make_error_code(what);
}

/// Accepts connections on the loopback and does to each what it is told; no server of ours.
class fake_server {
  public:
    using treatment = std::function<asio::awaitable<void>(asio::ip::tcp::socket&)>;

    fake_server(asio::io_context& io, treatment treat)
        : treat_{std::move(treat)}, acceptor_{io, {asio::ip::address_v4::loopback(), 0}} {
        asio::co_spawn(io, accept(), asio::detached);
    }

    std::string url() const { return "redis://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    void close() { acceptor_.close(); }

  private:
    asio::awaitable<void> accept() {
        for (;;) {
            auto [failed, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
            if (failed) {
                co_return;
            }
            co_await treat_(socket);
            kept_.push_back(std::move(socket));
        }
    }

    treatment treat_;
    asio::ip::tcp::acceptor acceptor_;
    std::vector<asio::ip::tcp::socket> kept_;
};

asio::awaitable<void> say(asio::ip::tcp::socket& to, std::string_view words) {
    co_await asio::async_write(to, asio::buffer(words), asio::as_tuple(asio::use_awaitable));
}

/// What a call over a connection to such a server ends with.
redis::result against(fake_server::treatment treat, redis::connection_options options = {}) {
    asio::io_context io;
    fake_server server{io, std::move(treat)};
    redis::connection over{io.get_executor(), redis::parse_endpoint(server.url()), std::move(options)};
    over.start();
    redis::result got;
    auto work = [&]() -> asio::awaitable<void> {
        auto const ping = ask("PING");
        got = co_await over.execute_within(20s, ping);
        co_await over.stop();
        server.close();
    };
    run(io, work());
    return got;
}

} // namespace

TEST_CASE("redis connection: many callers share it, and each gets its own replies") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url()};
    int right = 0;
    auto caller = [&](int i) -> asio::awaitable<void> {
        auto const key = "key" + std::to_string(i);
        redis::result got;
        redis::request both;
        for (int round = 0; round < 20; ++round) {
            auto const value = std::to_string(i * 1000 + round);
            both.clear();
            both.append("SET", key, value);
            both.append("GET", key);
            got = co_await c.connection.execute(both, std::move(got.replies));
            right += got && got.replies.size() == 2 && got.replies[1].string() == value ? 1 : 0;
        }
    };
    int running = 100;
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(c.io, caller(i), [&](std::exception_ptr) { --running; });
    }
    c.until([&] { return running == 0; });
    CHECK(right == 2000);
    auto const stats = c.connection.stats();
    CHECK(stats.calls == 2000);
    CHECK(stats.failures == 0);
    CHECK(stats.connects == 1);
    CHECK(stats.connected);
    CHECK(stats.sent_bytes > 2000 * 40);
    CHECK(stats.received_bytes > 2000 * 10);
    CHECK(c.connection.generation() == 1);
}

TEST_CASE("redis connection: values of any size and content go there and back") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(), {.stall_deadline = 30s}};
    std::string big(5'000'000, ' ');
    for (std::size_t i = 0; i < big.size(); ++i) {
        big[i] = static_cast<char>(i * 7 + i / 251);
    }
    for (std::string const& value : {std::string{}, std::string("\r\n\0$5", 5), big}) {
        CHECK(c.call("SET", "k", value));
        auto const got = c.call("GET", "k");
        REQUIRE(got);
        CHECK((got.replies[0].string() == value));
    }
    CHECK(c.call("GET", "absent").replies[0].is_null());
    CHECK(c.call("LPUSH", "k", "x").replies[0].error_code() == "WRONGTYPE");
}

TEST_CASE("redis connection: a caller on its strand sees replies and pushes in the order of the stream") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    std::vector<std::string> events;
    redis::connection_hooks hooks;
    hooks.set_up = [](redis::request& r) { r.append("CLIENT", "TRACKING", "ON"); };
    hooks.push = [&](redis::reply_view push) {
        events.push_back(std::string{push[0].text()} + " " + std::string{push[1][0].text()});
    };
    client c{server.url(), {}, std::move(hooks)};
    auto call = [&](std::string name, redis::request asked) -> asio::awaitable<void> {
        co_await c.connection.execute(asked);
        events.push_back(std::move(name));
    };
    int running = 4;
    auto ended = [&](std::exception_ptr) { --running; };
    auto const strand = c.connection.get_strand();
    asio::co_spawn(strand, call("get a", ask("GET", "a")), ended);
    asio::co_spawn(strand, call("set a", ask("SET", "a", "1")), ended); // its invalidation comes behind its reply
    asio::co_spawn(strand, call("get b", ask("GET", "b")), ended);
    asio::co_spawn(strand, call("set b", ask("SET", "b", "1")), ended);
    c.until([&] { return running == 0 && events.size() == 6; });
    CHECK(events == std::vector<std::string>{"get a", "set a", "invalidate a", "get b", "set b", "invalidate b"});
    CHECK(c.connection.stats().pushes == 2);

    c.call("GET", "c");
    server.command({"SET", "c", "from elsewhere"});
    c.until([&] { return events.back() == "invalidate c"; });
}

TEST_CASE("redis connection: a killed server fails its callers, and is found again with another generation") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    std::vector<std::pair<std::uint64_t, bool>> changes;
    redis::connection_hooks hooks;
    hooks.changed = [&](std::uint64_t generation, bool connected) { changes.emplace_back(generation, connected); };
    client c{server.url(), {}, std::move(hooks)};
    CHECK(c.call("SET", "k", "v").generation == 1);
    server.freeze();
    auto const sent = c.connection.stats().sent_bytes;
    std::optional<redis::result> pending;
    c.start(ask("GET", "k"), pending, 30s);
    c.until([&] { return c.connection.stats().sent_bytes > sent; });
    server.kill();
    c.until([&] { return pending.has_value(); });
    CHECK(is(*pending, error::connection_lost));
    CHECK_FALSE(c.connection.is_connected());
    CHECK(c.connection.generation() == 2);
    server.restart();
    redis::result got;
    c.until([&] {
        got = c.call("GET", "k");
        return !got.error.failed();
    });
    CHECK(got.replies[0].is_null());
    CHECK(got.generation == 3);
    CHECK(changes == std::vector<std::pair<std::uint64_t, bool>>{{1, true}, {2, false}, {3, true}});
    CHECK(c.connection.stats().losses == 1);
    CHECK(c.connection.stats().connects == 2);
}

TEST_CASE("redis connection: no call outlives its deadline, and late replies go to nobody") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(), {.stall_deadline = 60s, .breaker = {.consecutive_failures = 1000, .least_calls = 1000}}};
    c.call("MSET", "a", "1", "b", "2");
    server.freeze();
    std::optional<redis::result> late;
    std::optional<redis::result> patient;
    c.start(ask("GET", "a"), late, 20ms);
    c.start(ask("GET", "b"), patient, 30s);
    c.until([&] { return late.has_value(); });
    CHECK(is(*late, error::timed_out));
    CHECK_FALSE(patient);
    CHECK(c.connection.stats().timeouts == 1);
    server.thaw();
    c.until([&] { return patient.has_value(); });
    CHECK(patient->replies[0].string() == "2");
    CHECK(c.call("GET", "a").replies[0].string() == "1");
    CHECK(c.connection.generation() == 1);
}

TEST_CASE("redis connection: a server that takes bytes and answers none is given up") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(),
             {.connect_deadline = 300ms, .stall_deadline = 300ms, .breaker = {.consecutive_failures = 1000}}};
    REQUIRE(c.call("PING"));
    server.freeze();
    std::optional<redis::result> stuck;
    c.start(ask("GET", "a"), stuck, 30s);
    c.until([&] { return stuck.has_value(); });
    CHECK(is(*stuck, error::stalled));
    c.until([&] { return c.connection.stats().connect_failures >= 1; }); // accepted by the kernel, greeted by nobody
    std::optional<redis::result> waits;
    c.start(ask("GET", "a"), waits, 30s);
    c.until([&] { return waits.has_value(); });
    CHECK(is(*waits, error::not_connected));
    server.thaw();
    redis::result got;
    c.until([&] {
        got = c.call("PING");
        return !got.error.failed();
    });
    CHECK(got.replies[0].text() == "PONG");
}

TEST_CASE("redis connection: while the breaker is open nothing touches the server") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(),
             {.stall_deadline = 60s, .breaker = {.consecutive_failures = 3, .cool_down = std::chrono::hours{1}}}};
    REQUIRE(c.call("PING"));
    server.freeze();
    for (int i = 0; i < 3; ++i) {
        CHECK(is(c.call_within(20ms, "GET", "a"), error::timed_out));
    }
    auto const before = c.connection.stats();
    CHECK(before.breaker == redis::breaker_state::open);
    CHECK(before.breaker_openings == 1);
    for (int i = 0; i < 100; ++i) {
        CHECK(is(c.call("GET", "a"), error::breaker_open));
    }
    CHECK(c.connection.stats().sent_bytes == before.sent_bytes);
    CHECK(c.connection.stats().refusals == 100);
}

TEST_CASE("redis connection: a probe closes the breaker once the server answers again") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(), {.stall_deadline = 60s, .breaker = {.consecutive_failures = 3, .cool_down = 30ms}}};
    REQUIRE(c.call("PING"));
    server.freeze();
    c.until([&] { return is(c.call_within(20ms, "GET", "a"), error::breaker_open); });
    server.thaw();
    c.until([&] { return !c.call("PING").error.failed(); });
    CHECK(c.connection.stats().breaker == redis::breaker_state::closed);
}

TEST_CASE("redis connection: a greeted connection closes the breaker, whatever it counted before") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    client c{server.url(), {.breaker = {.consecutive_failures = 1, .cool_down = std::chrono::hours{1}}}};
    REQUIRE(c.call("PING"));
    server.kill();
    c.until([&] { return c.connection.stats().breaker == redis::breaker_state::open; });
    CHECK(is(c.call("PING"), error::breaker_open));
    server.restart();
    c.until([&] { return c.connection.is_connected(); });
    CHECK(c.call("PING"));
}

TEST_CASE("redis connection: a request that failed unsent is not sent afterwards") {
    ORFEAS_NEEDS_REDIS();
    redis_server server;
    client c{server.url(), {.first_backoff = 300ms, .most_backoff = 300ms, .breaker = {.consecutive_failures = 1000}}};
    REQUIRE(c.call("PING"));
    server.kill();
    c.until([&] { return !c.connection.is_connected(); });
    std::optional<redis::result> failed;
    c.start(ask("INCR", "n"), failed, 1ms);
    c.until([&] { return failed.has_value(); });
    CHECK(failed->error.failed());
    server.restart();
    c.until([&] { return c.connection.is_connected(); });
    CHECK(c.call("GET", "n").replies[0].is_null());
}

TEST_CASE("redis connection: user, password and database are used, and refusals are told apart") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server{{"--requirepass", "se cret", "--user", "ann", "on", ">pw", "~*", "+@all", "-client"}};
    auto const at = "@127.0.0.1:" + std::to_string(server.port());
    {
        client c{"redis://:se%20cret" + at + "/3"};
        CHECK(c.call("SET", "k", "v"));
        auto const info = c.call("CLIENT", "INFO");
        CHECK_THAT(std::string{info.replies[0].text()}, orfeas_test::contains(" db=3 "));
        CHECK_THAT(std::string{info.replies[0].text()}, orfeas_test::contains(" name=orfeas "));
        CHECK_THAT(std::string{info.replies[0].text()}, orfeas_test::contains(" resp=3"));
    }
    auto outcome = [&](std::string const& url, redis::connection_hooks hooks = {}) {
        client c{url, {}, std::move(hooks)};
        return c.call("PING");
    };
    CHECK(outcome("redis://ann:pw" + at));
    CHECK(is(outcome("redis://:wrong" + at), error::authentication_refused));
    CHECK(is(outcome("redis://ann:wrong" + at), error::authentication_refused));
    CHECK(is(outcome("redis://bob:pw" + at), error::authentication_refused));
    CHECK(is(outcome("redis://" + at.substr(1)), error::authentication_refused));
    CHECK(is(outcome("redis://:se%20cret" + at + "/99"), error::set_up_refused));
    redis::connection_hooks tracks;
    tracks.set_up = [](redis::request& r) { r.append("CLIENT", "TRACKING", "ON"); };
    CHECK(is(outcome("redis://ann:pw" + at, std::move(tracks)), error::authentication_refused));
    redis::connection_hooks nonsense;
    nonsense.set_up = [](redis::request& r) { r.append("NO", "SUCH", "COMMAND"); };
    CHECK(outcome("redis://:se%20cret" + at, std::move(nonsense)).error.failed());
    redis::connection_hooks throws;
    throws.set_up = [](redis::request&) { throw std::runtime_error{"no set-up today"}; };
    CHECK(is(outcome("redis://:se%20cret" + at, std::move(throws)), error::set_up_refused));
}

TEST_CASE("redis connection: what is no Redis server is refused, and never waited for too long") {
    using socket = asio::ip::tcp::socket;
    CHECK(is(against([](socket& s) { return say(s, "HTTP/1.1 400 Bad Request\r\n\r\n"); }), error::not_a_redis_server));
    CHECK(is(against([](socket& s) { return say(s, "\x16\x03\x01\x02"); }), error::not_a_redis_server));
    CHECK(is(against([](socket& s) { return say(s, "+PONG\r\n"); }), error::unsupported_server));
    CHECK(is(against([](socket& s) { return say(s, "-ERR unknown command 'HELLO'\r\n"); }), error::unsupported_server));
    CHECK(is(against([](socket& s) { return say(s, "$99999999999\r\n"); }), error::reply_too_large));
    CHECK(is(against([](socket& s) { return say(s, ""); }, {.connect_deadline = 30ms}), error::not_connected));
    auto hangs_up = [](socket& s) -> asio::awaitable<void> {
        s.close();
        co_return;
    };
    CHECK(is(against(hangs_up), error::not_connected));
    auto greets_then_babbles = [](socket& s) -> asio::awaitable<void> {
        co_await say(s, "%1\r\n+proto\r\n:3\r\n");
        char some[512];
        std::size_t heard = 0;
        while (heard < 60) { // the greeting, and some of what comes after it
            auto const [failed, bytes] =
                co_await s.async_read_some(asio::buffer(some), asio::as_tuple(asio::use_awaitable));
            if (failed) {
                co_return;
            }
            heard += bytes;
        }
        co_await say(s, "$1\r\nxyz\r\n");
    };
    CHECK(is(against(greets_then_babbles), error::protocol_violation));
}

TEST_CASE("redis connection: nobody listens") {
    asio::io_context io;
    client c{"redis://127.0.0.1:" + std::to_string(orfeas_test::free_port())};
    CHECK(is(c.call("PING"), error::not_connected));
    CHECK(c.connection.stats().connect_failures >= 1);
    CHECK(c.connection.generation() == 0);
}

TEST_CASE("redis connection: a name that is none fails, a name that is one works") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client named{"redis://ip6-localhost.invalid:" + std::to_string(server.port())};
    CHECK(is(named.call("PING"), error::not_connected));
}

TEST_CASE("redis connection: a caller that is cancelled leaves alone") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(), {.stall_deadline = 60s}};
    c.call("MSET", "a", "1", "b", "2");
    server.freeze();
    auto const sent = c.connection.stats().sent_bytes;
    asio::cancellation_signal signal;
    std::optional<redis::result> left;
    std::optional<redis::result> stays;
    auto const a = ask("GET", "a");
    c.connection.execute_within(
        30s, a, {}, asio::bind_cancellation_slot(signal.slot(), [&](redis::result done) { left = std::move(done); }));
    c.start(ask("GET", "b"), stays, 30s);
    c.until([&] { return c.connection.stats().sent_bytes > sent; });
    signal.emit(asio::cancellation_type::terminal);
    CHECK_FALSE(left); // not within emit
    c.until([&] { return left.has_value(); });
    CHECK(left->error == asio::error::operation_aborted);
    signal.emit(asio::cancellation_type::terminal);
    server.thaw();
    c.until([&] { return stays.has_value(); });
    CHECK(stays->replies[0].string() == "2");
}

TEST_CASE("redis connection: limits of requests, queue and replies hold") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(), {.request_bytes = 10'000, .queued_bytes = 15'000, .reply_bytes = 8000}};
    CHECK(c.call("SET", "k", std::string(7000, 'x')));
    CHECK(c.call("GET", "k").replies[0].text().size() == 7000);
    CHECK(is(c.call("SET", "k", std::string(10'000, 'x')), error::request_too_large));
    std::optional<redis::result> first;
    std::optional<redis::result> second;
    c.start(ask("SET", "k", std::string(9000, 'x')), first);
    c.start(ask("SET", "k", std::string(9000, 'x')), second); // both before the loop has a turn
    c.until([&] { return first && second; });
    CHECK(*first);
    CHECK(is(*second, error::queue_full));
    CHECK(is(c.call("GET", "k"), error::reply_too_large));
    CHECK(c.connection.generation() >= 2);
    c.until([&] { return c.connection.is_connected(); });
    CHECK(c.call("STRLEN", "k").replies[0].number() == 9000);
}

TEST_CASE("redis connection: stop fails what is under way, joins, and leaves nothing to run") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    asio::io_context io;
    redis::connection c{io.get_executor(), redis::parse_endpoint(server.url()), {.stall_deadline = 60s}};
    auto const ping = ask("PING");
    std::optional<redis::result> early;
    c.execute(ping, {}, [&](redis::result done) { early = std::move(done); });
    io.run();
    REQUIRE(early);
    CHECK(is(*early, error::not_connected)); // before start
    c.start();
    c.start();
    std::optional<redis::result> pending;
    auto work = [&]() -> asio::awaitable<void> {
        auto const got = co_await c.execute(ping);
        CHECK(got);
        server.freeze();
        c.execute_within(30s, ping, {}, [&](redis::result done) { pending = std::move(done); });
        co_await c.stop();
        co_await c.stop();
        auto const after = co_await c.execute(ping);
        CHECK(is(after, error::shut_down));
    };
    asio::co_spawn(io, work(), asio::detached);
    io.restart();
    CHECK(io.run_for(60s) > 0);
    CHECK(io.stopped()); // by itself: nothing is left to wait for
    REQUIRE(pending);
    CHECK(is(*pending, error::shut_down));
    CHECK_FALSE(c.is_connected());
}

TEST_CASE("redis connection: stop interrupts an attempt to connect and the wait for the next") {
    for (auto const url : {"redis://127.0.0.1:1", "redis://10.255.255.1:6379"}) { // refused, and never answered
        asio::io_context io;
        redis::connection c{io.get_executor(),
                            redis::parse_endpoint(url),
                            {.connect_deadline = 60s, .first_backoff = 60s, .most_backoff = 60s}};
        c.start();
        io.run_for(20ms);
        asio::co_spawn(io, c.stop(), asio::detached);
        io.restart();
        io.run_for(30s);
        CHECK(io.stopped());
    }
}

TEST_CASE("redis connection: an idle connection is asked for a sign of life") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    client c{server.url(), {.stall_deadline = 100ms, .ping_interval = 10ms}};
    REQUIRE(c.call("SET", "k", "v"));
    auto const before = c.connection.stats();
    c.until([&] { return c.connection.stats().received_bytes >= before.received_bytes + 7 * 3; }); // +PONG
    server.freeze();
    c.until([&] { return c.connection.stats().losses > before.losses; }); // without any call
    server.thaw();
}

TEST_CASE("redis connection: callers on several threads, cancelled and timed out at random, get what is theirs") {
    ORFEAS_NEEDS_REDIS();
    redis_server const server;
    asio::thread_pool pool{3};
    redis::connection c{pool.get_executor(),
                        redis::parse_endpoint(server.url()),
                        {.call_deadline = 30s, .breaker = {.consecutive_failures = 100'000, .least_calls = 100'000}}};
    c.start();
    std::atomic<int> wrong{0};
    std::atomic<int> right{0};
    auto caller = [&](int i) -> asio::awaitable<void> {
        auto const key = "key" + std::to_string(i);
        redis::result got;
        redis::request both;
        for (int round = 0; round < 200; ++round) {
            auto const value = std::to_string(i * 1000 + round);
            both.clear();
            both.append("SET", key, value);
            both.append("GET", key);
            auto const deadline = round % 7 == 0 ? std::chrono::nanoseconds{50'000} : std::chrono::nanoseconds{30s};
            got = co_await c.execute_within(deadline, both, std::move(got.replies));
            if (got) {
                auto const is_mine = got.replies.size() == 2 && got.replies[1].string() == value;
                (is_mine ? right : wrong).fetch_add(1);
            }
        }
    };
    std::vector<std::future<void>> ends;
    for (int i = 0; i < 16; ++i) {
        ends.push_back(asio::co_spawn(pool, caller(i), asio::use_future));
    }
    auto leaver = [&](int i) -> asio::awaitable<void> {
        auto const get = ask("GET", "key" + std::to_string(i));
        for (;;) {
            co_await c.execute(get);
        }
    };
    std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
    std::vector<std::future<void>> leavers;
    for (int i = 0; i < 8; ++i) {
        signals.push_back(std::make_unique<asio::cancellation_signal>());
        auto const strand = asio::make_strand(pool);
        leavers.push_back(
            asio::co_spawn(strand, leaver(i), asio::bind_cancellation_slot(signals.back()->slot(), asio::use_future)));
        asio::post(strand, [&signal = *signals.back()] { signal.emit(asio::cancellation_type::terminal); });
    }
    for (auto& each : ends) {
        each.get();
    }
    for (auto& each : leavers) {
        CHECK_THROWS(each.get());
    }
    CHECK(wrong == 0);
    CHECK(right >= 16 * 170);
    asio::co_spawn(pool, c.stop(), asio::use_future).get();
    pool.join();
}
