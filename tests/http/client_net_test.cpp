// SPDX-License-Identifier: MIT
#include "http/raw_server.hpp"
#include "support/catch.hpp"

#include <orfeas/http/client.hpp>
#include <orfeas/http/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace http = orfeas::http;
using namespace std::chrono_literals;
using orfeas::task;
using orfeas_test::raw_client;
using orfeas_test::raw_server;

namespace {

http::client_request ask(std::string_view method, std::string const& url) {
    return {method, *http::parse_url(url)};
}

/// Runs a task to its end, and all that it leaves behind.
template<class T>
T run(asio::io_context& io, task<T> work) {
    auto done = asio::co_spawn(io, std::move(work), asio::use_future);
    io.restart();
    io.run();
    return done.get();
}

/// One request with a client of its own.
http::client_result fetch(http::client_request const& q, http::client_options const& options = {}) {
    asio::io_context io;
    http::client web{io.get_executor(), options};
    return run(io, web.send(q));
}

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers every request on a connection with `answer`.
raw_server always(std::string_view answer) {
    return raw_server{[answer](raw_client& peer, int) {
        while (!peer.read_head().empty() && peer.send(answer)) {}
    }};
}

/// The project's own server on a thread of its own.
class own_server {
  public:
    own_server() : web_{io_.get_executor(), options()} {
        web_.route("POST", "/echo", [](http::request const& q) -> task<http::response> {
            co_return http::response{http::status::created, q.field("content-type").value_or("none"), q.shared_body()};
        });
        web_.route("GET", "/fields", [](http::request const& q) -> task<http::response> {
            std::string text;
            for (std::size_t i = 0; i < q.field_count(); ++i) {
                text.append(q.field_at(i).first).append("=").append(q.field_at(i).second).append(";");
            }
            co_return http::response::text(text);
        });
        web_.route("GET", "/slow", [](http::request const&) -> task<http::response> {
            asio::steady_timer timer{co_await asio::this_coro::executor, 50ms};
            co_await timer.async_wait(asio::use_awaitable);
            co_return http::response::text("slow");
        });
        web_.start();
        thread_ = std::thread{[this] { io_.run(); }};
    }
    ~own_server() {
        asio::co_spawn(io_, web_.stop(5s), asio::use_future).get();
        thread_.join();
    }
    std::string url(std::string_view target) const {
        return "http://localhost:" + std::to_string(web_.port()) + std::string{target};
    }
    http::server_stats stats() const { return web_.stats(); }

  private:
    static http::server_options options() {
        http::server_options chosen;
        chosen.port = 0;
        chosen.body_bytes = 8 << 20;
        return chosen;
    }

    asio::io_context io_;
    http::server web_;
    std::thread thread_;
};

} // namespace

TEST_CASE("a client and the project's own server understand each other", "[http][client]") {
    own_server const server;
    asio::io_context io;
    http::client web{io.get_executor()};
    std::string const large(5'000'000, 'x');
    http::client_request const post{"POST", *http::parse_url(server.url("/echo")), "text/x", large};
    auto const work = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            auto const got = co_await web.send(post);
            CHECK(got.response.status() == http::status::created);
            CHECK(got.response.field("content-type") == "text/x");
            CHECK(got.response.body_text() == large);
        }
        auto const head = ask("HEAD", server.url("/fields"));
        auto const without = co_await web.send(head);
        CHECK(without.response.status() == http::status::ok);
        CHECK(without.response.body().empty());
        auto const get = ask("GET", server.url("/fields")).set("accept", "a").set("x-y", "z");
        auto const got = co_await web.send(get);
        CHECK(got.response.body_text().find("accept=a;x-y=z;") != std::string_view::npos);
    };
    run(io, work());
    CHECK(web.stats().connections_total == 1);
    CHECK(web.stats().requests_total == 5);
    CHECK(web.stats().failures_total == 0);
    CHECK(server.stats().connections_total == 1);
}

TEST_CASE("no more connections than the limit, and all requests get through", "[http][client]") {
    own_server const server;
    asio::io_context io;
    http::client_options options;
    options.connections_per_host = 3;
    http::client web{io.get_executor(), options};
    auto const slow = ask("GET", server.url("/slow"));
    std::atomic<int> answered = 0;
    for (int i = 0; i < 12; ++i) {
        asio::co_spawn(
            io,
            [&]() -> task<> {
                auto const got = co_await web.send(slow);
                answered += got && got.response.body_text() == "slow" ? 1 : 0;
            },
            asio::detached);
    }
    std::thread other{[&] { io.run(); }};
    io.run();
    other.join();
    CHECK(answered == 12);
    CHECK(web.stats().connections_total == 3);
    CHECK(web.stats().waits_total == 9);
    CHECK(web.stats().connections == 3);
}

TEST_CASE("a request that waits for a connection gives up at its deadline", "[http][client]") {
    raw_server const silent{[](raw_client& peer, int) { peer.read_all(); }};
    asio::io_context io;
    http::client_options options;
    options.connections_per_host = 1;
    http::client web{io.get_executor(), options};
    auto const q = ask("GET", silent.url());
    std::vector<boost::system::error_code> errors;
    for (int i = 0; i < 3; ++i) {
        asio::co_spawn(
            io,
            [&]() -> task<> {
                auto const got = co_await web.send(q, std::chrono::steady_clock::now() + 100ms);
                errors.push_back(got.error);
            },
            asio::detached);
    }
    io.run();
    REQUIRE(errors.size() == 3);
    for (auto const& error : errors) {
        CHECK(error == make_error_code(http::client_error::timed_out));
    }
    CHECK(web.stats().connections == 0);
}

TEST_CASE("misbehaving servers give errors that say what was wrong", "[http][client]") {
    using enum http::client_error;
    http::client_options options;
    options.deadline = 300ms;
    options.header_bytes = 1024;
    options.body_bytes = 1000;

    auto const told = [&](std::string_view answer) {
        raw_server const server{[answer](raw_client& peer, int) {
            peer.read_head();
            peer.send(answer);
        }};
        return fetch(ask("GET", server.url()), options).error;
    };
    CHECK(told("SSH-2.0-OpenSSH_9.2p1\r\n") == make_error_code(malformed_answer));
    CHECK(told("") == make_error_code(closed_early));
    CHECK(told("HTTP/1.1 200 OK\r\ncontent-le") == make_error_code(closed_early));
    CHECK(told("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort") == make_error_code(closed_early));
    CHECK(told("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n") == make_error_code(body_too_large));
    CHECK(told("HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x')) == make_error_code(body_too_large));
    CHECK_FALSE(told("HTTP/1.1 200 OK\r\n\r\nto the end"));

    raw_server const endless{[](raw_client& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\n");
        while (peer.send("x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")) {}
    }};
    CHECK(fetch(ask("GET", endless.url()), options).error == make_error_code(header_too_large));

    raw_server const silent{[](raw_client& peer, int) { peer.read_all(); }};
    CHECK(fetch(ask("GET", silent.url()), options).error == make_error_code(timed_out));

    raw_server const trickling{[](raw_client& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx");
        peer.read_all();
    }};
    CHECK(fetch(ask("GET", trickling.url()), options).error == make_error_code(timed_out));
}

TEST_CASE("a server that nobody runs, and a name that nobody has", "[http][client]") {
    std::string nowhere;
    {
        auto const gone = always(ok);
        nowhere = gone.url();
    }
    CHECK(fetch(ask("GET", nowhere)).error == asio::error::connection_refused);
    CHECK(fetch(ask("GET", "http://no-such-name.invalid/")).error);
    CHECK(fetch(ask("GET", "https://127.0.0.1/")).error == make_error_code(http::client_error::unsupported_scheme));
}

TEST_CASE("a deadline also holds for an exchange on a kept connection", "[http][client]") {
    raw_server const server{[](raw_client& peer, int) {
        peer.read_head();
        peer.send(ok);
        peer.read_head();
        peer.is_closed_silently(); // no answer, but for what the client does
    }};
    asio::io_context io;
    http::client_options options;
    options.deadline = 100ms;
    http::client web{io.get_executor(), options};
    auto const q = ask("GET", server.url());
    CHECK(run(io, web.send(q)));
    CHECK(run(io, web.send(q)).error == make_error_code(http::client_error::timed_out));
    CHECK(server.connections() == 1);
}

TEST_CASE("a kept connection that the server has ended is not used again", "[http][client]") {
    raw_server const server{[](raw_client& peer, int) { // one request a connection, without saying so
        peer.read_head();
        peer.send(ok);
    }};
    asio::io_context io;
    http::client web{io.get_executor()};
    auto const q = ask("POST", server.url());
    for (int i = 0; i < 5; ++i) {
        CHECK(run(io, web.send(q)));
    }
    CHECK(server.connections() == 5);
    CHECK(web.stats().failures_total == 0);
}

TEST_CASE("a request on a connection that dies at that moment is sent once more, if it may be", "[http][client]") {
    bool const is_repeatable = GENERATE(true, false);
    // The first connection ends when the second request arrives: the client cannot have known before.
    raw_server const server{[](raw_client& peer, int number) {
        peer.read_head();
        peer.send(ok);
        if (peer.read_head().empty()) {
            return;
        }
        if (number == 0) {
            peer.reset();
        } else {
            peer.send(ok);
        }
    }};
    asio::io_context io;
    http::client web{io.get_executor()};
    auto q = ask("POST", server.url());
    q.repeatable = is_repeatable;
    CHECK(run(io, web.send(q)));
    auto const second = run(io, web.send(q));
    CHECK(static_cast<bool>(second) == is_repeatable);
    CHECK(web.stats().retries_total == (is_repeatable ? 1 : 0));
    CHECK(server.connections() == (is_repeatable ? 2 : 1));
}

TEST_CASE("nothing is sent again once an answer has begun, or on a new connection", "[http][client]") {
    raw_server const server{[](raw_client& peer, int) {
        peer.read_head();
        peer.send(ok);
        peer.read_head();
        peer.send("HTTP/1.1 2");
    }};
    asio::io_context io;
    http::client web{io.get_executor()};
    auto const q = ask("GET", server.url());
    CHECK(run(io, web.send(q)));
    CHECK(run(io, web.send(q)).error == make_error_code(http::client_error::closed_early));
    CHECK(server.connections() == 1);

    raw_server const closing{[](raw_client& peer, int) { peer.read_head(); }};
    CHECK(run(io, web.send(ask("GET", closing.url()))).error == make_error_code(http::client_error::closed_early));
    CHECK(closing.connections() == 1);
    CHECK(web.stats().retries_total == 0);
}

TEST_CASE("an answer with bytes behind it ends the connection", "[http][client]") {
    auto const server = always("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
    asio::io_context io;
    http::client web{io.get_executor()};
    auto const q = ask("GET", server.url());
    CHECK(run(io, web.send(q)));
    CHECK(run(io, web.send(q)));
    CHECK(server.connections() == 2);
}

TEST_CASE("an early refusal of a large request is seen", "[http][client]") {
    raw_server const server{[](raw_client& peer, int) {
        peer.read_head();
        peer.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        peer.read_all();
    }};
    http::client_request const large{"POST", *http::parse_url(server.url()), "text/plain", std::string(4'000'000, 'x')};
    auto const got = fetch(large);
    CHECK(got.response.status() == http::status::content_too_large);
}

TEST_CASE("a cancelled caller leaves, and its connection is not used again", "[http][client]") {
    raw_server const server{[](raw_client& peer, int number) {
        peer.read_head();
        if (number > 0) {
            peer.send(ok);
        }
        peer.read_all();
    }};
    asio::io_context io;
    http::client web{io.get_executor()};
    auto const q = ask("GET", server.url());
    auto const work = [&]() -> task<> {
        using namespace asio::experimental::awaitable_operators;
        asio::steady_timer timer{co_await asio::this_coro::executor, 50ms};
        auto asked = web.send(q);
        auto waited = timer.async_wait(asio::use_awaitable);
        auto const first = co_await (std::move(asked) || std::move(waited));
        CHECK(first.index() == 1);
        auto const got = co_await web.send(q);
        CHECK(got);
    };
    run(io, work());
    CHECK(server.connections() == 2);
    CHECK(web.stats().connections == 1);
}

TEST_CASE("stop ends what is under way", "[http][client]") {
    raw_server const silent{[](raw_client& peer, int) { peer.read_all(); }};
    asio::io_context io;
    http::client_options options;
    options.connections_per_host = 1;
    http::client web{io.get_executor(), options};
    auto const q = ask("GET", silent.url());
    int stopped = 0;
    for (int i = 0; i < 2; ++i) { // one on the connection, one waits for it
        asio::co_spawn(
            io,
            [&]() -> task<> {
                auto const got = co_await web.send(q);
                stopped += got.error == make_error_code(http::client_error::stopped) ? 1 : 0;
            },
            asio::detached);
    }
    asio::co_spawn(
        io,
        [&]() -> task<> {
            asio::steady_timer timer{co_await asio::this_coro::executor, 50ms};
            co_await timer.async_wait(asio::use_awaitable);
            co_await web.stop();
            CHECK(stopped == 2);
            auto const late = co_await web.send(q);
            CHECK(late.error == make_error_code(http::client_error::stopped));
        },
        asio::detached);
    io.run();
    CHECK(stopped == 2);
    CHECK(web.stats().connections == 0);
}

namespace {

/// Adds a field, and notes how calls ended.
struct watcher {
    std::shared_ptr<std::vector<int>> codes = std::make_shared<std::vector<int>>();

    struct call {
        std::shared_ptr<std::vector<int>> codes;
        void end(http::client_result const& done) const { codes->push_back(done ? done.response.code() : -1); }
    };
    call begin(http::client_request const& q, http::head_writer& head) const {
        head.add("x-method", q.method);
        return {codes};
    }
};

} // namespace

TEST_CASE("an observer adds fields and sees the end", "[http][client]") {
    own_server const server;
    asio::io_context io;
    watcher const seen;
    http::basic_client<asio::any_io_executor, watcher> web{io.get_executor(), {}, seen};
    auto const got = run(io, web.send(ask("GET", server.url("/fields"))));
    CHECK(got.response.body_text().find("x-method=GET;") != std::string_view::npos);
    run(io, web.send(ask("GET", server.url("/nothing"))));
    run(io, web.send(ask("GET", "https://127.0.0.1/")));
    CHECK(*seen.codes == std::vector<int>{200, 404, -1});
}

TEST_CASE("a client works on a plain executor as well", "[http][client]") {
    own_server const server;
    asio::io_context io;
    http::basic_client<asio::io_context::executor_type> web{io.get_executor()};
    auto const q = ask("GET", server.url("/fields"));
    auto done = asio::co_spawn(io.get_executor(), web.send(q), asio::use_future);
    io.run();
    CHECK(done.get().response.status() == http::status::ok);
}

TEST_CASE("options out of range are refused", "[http][client]") {
    asio::io_context io;
    http::client_options options;
    options.connections_per_host = 0;
    CHECK_THROWS_AS(http::client(io.get_executor(), options), orfeas::option_error);
}
