// SPDX-License-Identifier: MIT
#include "raw_client.hpp"
#include "support/catch.hpp"

#include <orfeas/core/log_sinks.hpp>
#include <orfeas/http/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace http = orfeas::http;
using namespace std::chrono_literals;
using orfeas::task;
using orfeas_test::contains;
using orfeas_test::raw_client;

namespace {

/// Notes the patterns that pass.
struct watcher {
    std::shared_ptr<std::atomic<int>> unrouted = std::make_shared<std::atomic<int>>(0);
    std::shared_ptr<std::atomic<int>> routed = std::make_shared<std::atomic<int>>(0);

    task<http::response> around(http::request const&, std::string_view pattern, http::next_handler next) {
        auto answer = co_await next();
        ++*(pattern.empty() ? unrouted : routed);
        co_return answer;
    }
};

using server = http::basic_server<asio::any_io_executor, watcher>;

/// A server on two threads for the length of a test.
class running {
  public:
    running(http::server_options options, std::function<void(server&)> const& add_routes)
        : web{io_.get_executor(), any_port(std::move(options)),
              orfeas::logger{std::make_shared<orfeas::text_sink>(log_)}, seen} {
        add_routes(web);
        web.start();
        for (int i = 0; i < 2; ++i) {
            threads_.emplace_back([this] { io_.run(); });
        }
    }
    ~running() {
        stop(5s);
        work_.reset();
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    bool stop(std::chrono::nanoseconds deadline) { return begin_stop(deadline).get(); }

    std::future<bool> begin_stop(std::chrono::nanoseconds deadline) {
        auto done = std::make_shared<std::promise<bool>>();
        asio::co_spawn(io_, web.stop(deadline), [done](std::exception_ptr, bool clean) { done->set_value(clean); });
        return done->get_future();
    }

    raw_client client(int receive_buffer = 0) { return raw_client{web.port(), receive_buffer}; }
    std::string log() const { return log_.str(); } ///< after stop()

    watcher seen;

  private:
    static http::server_options any_port(http::server_options options) {
        options.port = 0;
        return options;
    }

    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    std::ostringstream log_;
    std::vector<std::thread> threads_;

  public:
    server web;
};

task<http::response> hello(http::request const&) {
    co_return http::response::text("hello");
}

task<http::response> echo(http::request const& q) {
    co_return http::response::text(q.shared_body());
}

task<http::response> fail(http::request const&) {
    throw std::runtime_error{"the secret reason"};
    co_return http::response{};
}

task<http::response> fail_with_problem(http::request const&) {
    throw http::problem_error{http::problem{http::status::conflict}.detail("told")};
    co_return http::response{};
}

task<http::response> wait_for_ever(http::request const&) {
    asio::steady_timer timer{co_await asio::this_coro::executor, 24h};
    co_await timer.async_wait(asio::use_awaitable);
    co_return http::response{};
}

std::shared_ptr<std::string const> big_text() {
    static auto const text = std::make_shared<std::string const>(12'000'000, 'b');
    return text;
}

task<http::response> big(http::request const&) {
    co_return http::response{}.content("text/plain", big_text()).set("etag", "\"big\"");
}

task<http::response> greet(http::request const& q) {
    co_return http::response::text(std::string{q.path_parameter("name")} + " " + q.parameter("n").value_or("none"));
}

void add_sample_routes(server& web) {
    web.route("GET", "/hello", hello);
    web.route("POST", "/echo", echo, {.body_bytes = 1000});
    web.route("POST", "/large", echo, {.body_bytes = 50'000'000});
    web.route("GET", "/fail", fail);
    web.route("GET", "/problem", fail_with_problem);
    web.route("GET", "/big", big);
    web.route("GET", "/greet/{name}", greet);
    web.route("POST", "/clear", hello, {.role = http::role::operator_action});
    web.route("GET", "/healthz", hello, {.role = http::role::anyone});
    web.route("GET", "/wait", wait_for_ever);
}

std::string get(std::string_view target, std::string_view fields = {}) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n" + std::string{fields} + "\r\n";
}

std::string post(std::string_view target, std::string_view fields, std::string_view content = {}) {
    return "POST " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n" + std::string{fields} + "\r\n" +
           std::string{content};
}

std::string status_of(std::string const& answer) {
    return answer.substr(0, 12);
}

} // namespace

TEST_CASE("http: a server answers, request after request on one connection") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    auto const answer = client.ask(get("/hello"));
    CHECK_THAT(answer,
               contains("HTTP/1.1 200 OK\r\n") && contains("content-length: 5\r\n") && contains("\r\n\r\nhello"));
    CHECK_THAT(client.ask(get("/greet/a%20b?n=7")), contains("\r\n\r\na b 7"));
    CHECK_THAT(client.ask(post("/echo", "Content-Length: 3\r\n", "abc")), contains("\r\n\r\nabc"));
    CHECK_THAT(client.ask(get("/nowhere")), contains("HTTP/1.1 404") && contains("urn:orfeas:problem:no_route"));
    CHECK_THAT(client.ask("PUT /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"),
               contains("HTTP/1.1 405") && contains("allow: GET, HEAD, OPTIONS"));
    CHECK_THAT(client.ask("OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"),
               contains("HTTP/1.1 204") && contains("allow: GET, HEAD, OPTIONS"));
    client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK_THAT(client.read_head(), contains("content-length: 5\r\n"));
    client.send(get("/hello") + get("/greet/x") + get("/hello", "Connection: close\r\n")); // pipelined
    CHECK_THAT(client.read_answer(), contains("hello"));
    CHECK_THAT(client.read_answer(), contains("x none"));
    CHECK_THAT(client.read_all(), contains("connection: close") && contains("hello"));

    auto const stats = host.web.stats();
    CHECK(stats.requests_total == 10);
    CHECK(stats.refused_total == 2);
    CHECK(*host.seen.routed == 9);
    CHECK(*host.seen.unrouted == 1);
}

TEST_CASE("http: a request may come in any pieces") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    auto const text = post("/echo", "Content-Length: 6\r\n", "pieces");
    for (std::size_t i = 0; i < text.size(); ++i) {
        client.send(text.substr(i, 1));
    }
    CHECK_THAT(client.read_answer(), contains("\r\n\r\npieces"));
}

TEST_CASE("http: a conditional request is answered without the body") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    auto const fresh = client.ask(get("/big"));
    CHECK(fresh.size() > big_text()->size());
    CHECK(fresh.ends_with(*big_text()));
    client.send(get("/big", "If-None-Match: \"big\"\r\n"));
    CHECK_THAT(client.read_head(), contains("HTTP/1.1 304") && !contains("content-length"));
    CHECK_THAT(client.ask(get("/hello")), contains("hello"));
}

TEST_CASE("http: what a strict server must refuse, seen from the wire") {
    struct row {
        char const* what;
        std::string text;
        char const* status;
    };
    std::vector<row> const rows{
        {"no Host", "GET /hello HTTP/1.1\r\n\r\n", "400"},
        {"no Host in HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n", "400"},
        {"two Hosts", get("/hello", "Host: localhost\r\n"), "400"},
        {"a foreign Host", "GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "421"},
        {"a folded field", get("/hello", "X: a\r\n b\r\n"), "400"},
        {"a space before the colon", get("/hello", "X : a\r\n"), "400"},
        {"a NUL", get("/hello", std::string_view{"X: a\0b\r\n", 8}), "400"},
        {"bare newlines", "GET /hello HTTP/1.1\nHost: localhost\n\n", "400"},
        {"absolute form", "GET http://localhost/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},
        {"absolute form for another host", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},
        {"CONNECT", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "501"},
        {"TRACE", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", "501"},
        {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "505"},
        {"a TLS greeting", std::string("\x16\x03\x01\x00\xa5\x01", 6), "400"},
        {"two lengths, equal", post("/echo", "Content-Length: 1\r\nContent-Length: 1\r\n", "a"), "400"},
        {"two lengths, different", post("/echo", "Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), "400"},
        {"a list of lengths", post("/echo", "Content-Length: 1,1\r\n", "a"), "400"},
        {"a signed length", post("/echo", "Content-Length: +1\r\n", "a"), "400"},
        {"both framings", post("/echo", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"},
        {"both framings, turned", post("/echo", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
         "400"},
        {"chunked in HTTP/1.0", "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400"},
        {"chunked, identity", post("/echo", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "400"},
        {"xchunked", post("/echo", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "400"},
        {"gzip, chunked", post("/echo", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501"},
        {"a bad chunk size", post("/echo", "Transfer-Encoding: chunked\r\n", "z\r\n"), "400"},
        {"a bad chunk end", post("/echo", "Transfer-Encoding: chunked\r\n", "1\r\naXX"), "400"},
        {"a bad chunk extension", post("/echo", "Transfer-Encoding: chunked\r\n", "1;\na\r\n0\r\n\r\n"), "400"},
        {"another expectation", post("/echo", "Expect: nothing\r\nContent-Length: 1\r\n"), "417"},
        {"a long target", get("/" + std::string(3000, 'a')), "414"},
        {"a large header", get("/hello", "X: " + std::string(9000, 'x') + "\r\n"), "431"},
        {"an escaped NUL", get("/greet/%00"), "400"},
    };
    running host{{}, add_sample_routes};
    for (auto const& row : rows) {
        CAPTURE(row.what);
        auto client = host.client();
        client.send(row.text);
        auto const answer = client.read_all(); // each of them ends the connection
        CHECK(status_of(answer) == std::string{"HTTP/1.1 "} + row.status);
        CHECK_THAT(answer, contains("content-type: application/problem+json") && contains("connection: close"));
        CHECK_THAT(answer, !contains("}HTTP/1.1")); // nothing behind it was taken for a request
    }
    CHECK(host.web.stats().refused_total == rows.size());
    CHECK_THAT(host.client().ask(get("/hello")), contains("200 OK"));
}

TEST_CASE("http: many header fields are refused") {
    running host{{.header_fields = 10}, add_sample_routes};
    std::string fields;
    for (int i = 0; i < 10; ++i) {
        fields += "X: y\r\n";
    }
    auto client = host.client();
    CHECK_THAT(client.ask(get("/hello", fields)), contains("HTTP/1.1 431") && contains("at most 10 fields"));
}

TEST_CASE("http: a body comes counted or chunked, up to the limit of its route") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    CHECK_THAT(
        client.ask(post("/echo", "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nT: v\r\n\r\n")),
        contains("\r\n\r\nabcde"));
    CHECK_THAT(client.ask(post("/echo", "")), contains("content-length: 0"));
    std::string const full(1000, 'f');
    CHECK_THAT(client.ask(post("/echo", "Content-Length: 1000\r\n", full)), contains("\r\n\r\n" + full));
    CHECK_THAT(client.ask(post("/echo", "Transfer-Encoding: chunked\r\n", "3e8\r\n" + full + "\r\n0\r\n\r\n")),
               contains("\r\n\r\n" + full));
    std::string const large(20'000'000, 'l');
    CHECK(client.ask(post("/large", "Content-Length: 20000000\r\n", large)).ends_with("\r\n\r\n" + large));
}

TEST_CASE("http: who sends too large a body sees the answer that names the limit") {
    running host{{}, add_sample_routes};
    auto counted = host.client();
    counted.send(post("/echo", "Content-Length: 3000000\r\n", std::string(3'000'000, 'x')));
    CHECK_THAT(counted.read_all(), contains("HTTP/1.1 413") && contains("at most 1000 bytes"));
    auto chunked = host.client();
    chunked.send(post("/echo", "Transfer-Encoding: chunked\r\n", "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"));
    CHECK_THAT(chunked.read_all(), contains("HTTP/1.1 413") && contains("at most 1000 bytes"));
    auto unrouted = host.client();
    unrouted.send(post("/nowhere", "Content-Length: 100000\r\n", std::string(100'000, 'x')));
    CHECK_THAT(unrouted.read_all(), contains("HTTP/1.1 404") && contains("connection: close"));
}

TEST_CASE("http: 100-continue is said before a body is read, and not for one that is refused") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    client.send(post("/echo", "Expect: 100-continue\r\nContent-Length: 4\r\n"));
    CHECK(client.read_head() == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK_THAT(client.ask("body"), contains("HTTP/1.1 200") && contains("\r\n\r\nbody"));
    client.send(post("/echo", "Expect: 100-continue\r\nContent-Length: 4000\r\n"));
    CHECK(status_of(client.read_all()) == "HTTP/1.1 413");
}

TEST_CASE("http: a handler that fails is a 500 that tells nothing, and an event that tells all") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    CHECK_THAT(client.ask(get("/fail")), contains("HTTP/1.1 500") && !contains("secret"));
    CHECK_THAT(client.ask(get("/problem")), contains("HTTP/1.1 409") && contains("told"));
    CHECK_THAT(client.ask(get("/hello")), contains("hello"));
    host.stop(5s);
    CHECK_THAT(host.log(), contains("handler_failed") && contains("the secret reason") && !contains("told"));
}

TEST_CASE("http: operator actions are for this machine and for its own pages") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    CHECK(status_of(client.ask(post("/clear", ""))) == "HTTP/1.1 200");
    CHECK(status_of(client.ask(post("/clear", "Origin: http://localhost\r\n"))) == "HTTP/1.1 200");
    CHECK_THAT(client.ask(post("/clear", "Origin: http://evil.example\r\n")), contains("HTTP/1.1 403"));
    CHECK(status_of(client.ask(get("/clear"))) == "HTTP/1.1 405");
    CHECK_THROWS_AS(([] {
                        asio::io_context io;
                        http::server web{io.get_executor()};
                        web.route("GET", "/x", hello, {.role = http::role::operator_action});
                    })(),
                    std::invalid_argument);
}

TEST_CASE("http: a configured token is asked for, but for health checks") {
    running host{{.token = "sesame"}, add_sample_routes};
    auto client = host.client();
    CHECK_THAT(client.ask(get("/hello")), contains("HTTP/1.1 401") && contains("www-authenticate: Bearer"));
    CHECK(status_of(client.ask(get("/hello", "Authorization: Bearer sesame\r\n"))) == "HTTP/1.1 200");
    CHECK(status_of(client.ask(get("/nowhere"))) == "HTTP/1.1 401");
    CHECK(status_of(client.ask(get("/healthz"))) == "HTTP/1.1 200");
    CHECK_THAT(client.upgrade("/healthz"), contains("HTTP/1.1 200"));
}

TEST_CASE("http: a server that would be open to the network does not come to be") {
    asio::io_context io;
    http::server_options options;
    options.address = "0.0.0.0";
    CHECK_THROWS_AS(http::server(io.get_executor(), options), orfeas::option_error);
    options.token = "sesame";
    CHECK_NOTHROW(http::server{io.get_executor(), options});
}

TEST_CASE("http: a port in use is a clear error") {
    running host{{}, add_sample_routes};
    asio::io_context io;
    http::server_options options;
    options.port = host.web.port();
    http::server second{io.get_executor(), options};
    CHECK_THROWS_WITH(second.start(), contains("cannot listen on 127.0.0.1 port " + std::to_string(options.port)));
}

TEST_CASE("http: slow peers are cut off") {
    running host{{.header_deadline = 100ms,
                  .body_deadline = 100ms,
                  .write_deadline = 300ms,
                  .idle_deadline = 100ms,
                  .linger_deadline = 100ms},
                 add_sample_routes};
    SECTION("one that sends nothing, without a word") {
        CHECK(host.client().is_closed_silently());
    }
    SECTION("one that sends half a header") {
        auto client = host.client();
        client.send("GET /hello HT");
        CHECK(status_of(client.read_all()) == "HTTP/1.1 408");
    }
    SECTION("one that sends half a body") {
        auto client = host.client();
        client.send(post("/echo", "Content-Length: 10\r\n", "half"));
        CHECK(status_of(client.read_all()) == "HTTP/1.1 408");
    }
    SECTION("one that sends half a chunk") {
        auto client = host.client();
        client.send(post("/echo", "Transfer-Encoding: chunked\r\n", "a\r\nhalf"));
        CHECK(status_of(client.read_all()) == "HTTP/1.1 408");
    }
    SECTION("one that has no further request, without a word") {
        auto client = host.client();
        CHECK_THAT(client.ask(get("/hello")), contains("hello"));
        CHECK(client.is_closed_silently());
    }
    SECTION("one that does not take its answer") {
        auto client = host.client(4096);
        client.send(get("/big"));
        while (host.web.stats().connections == 0) {
            std::this_thread::yield();
        }
        while (host.web.stats().connections > 0) { // the server has given up
            std::this_thread::sleep_for(5ms);
        }
        CHECK(client.read_all().size() < big_text()->size());
    }
    CHECK_THAT(host.client().ask(get("/hello")), contains("hello"));
}

TEST_CASE("http: a large answer outlasts the write deadline as long as it moves") {
    running host{{.write_deadline = 1000ms, .minimum_bytes_per_second = 1'000'000}, add_sample_routes};
    auto client = host.client(65'536);
    client.send(get("/big"));
    auto answer = client.read_head();
    for (int pause = 0; pause < 15; ++pause) { // 1.5 s in all
        std::this_thread::sleep_for(100ms);
        answer += client.read(200'000);
    }
    answer += client.read(big_text()->size() - 15 * 200'000);
    CHECK(answer.ends_with("\r\n\r\n" + *big_text()));
}

TEST_CASE("http: connections are limited in all and by peer") {
    SECTION("in all") {
        running host{{.connections = 2}, add_sample_routes};
        auto first = host.client();
        auto second = host.client();
        CHECK_THAT(first.ask(get("/hello")), contains("hello"));
        CHECK_THAT(second.ask(get("/hello")), contains("hello"));
        CHECK_THAT(host.client().read_all(),
                   contains("HTTP/1.1 503") && contains("connection_limit") && contains("retry-after"));
    }
    SECTION("by peer") {
        running host{{.connections_per_peer = 1}, add_sample_routes};
        {
            auto first = host.client();
            CHECK_THAT(first.ask(get("/hello")), contains("hello"));
            CHECK_THAT(host.client().read_all(), contains("HTTP/1.1 503") && contains("peer_connection_limit"));
        }
        while (host.web.stats().connections > 0) {
            std::this_thread::yield();
        }
        CHECK_THAT(host.client().ask(get("/hello")), contains("hello"));
    }
}

TEST_CASE("http: a server that stops finishes what it has begun and says goodbye") {
    std::promise<void> begun;
    std::promise<void> release;
    auto const released = release.get_future().share();
    auto const slow = [&](http::request const&) -> task<http::response> {
        begun.set_value();
        asio::steady_timer pause{co_await asio::this_coro::executor};
        while (released.wait_for(0s) != std::future_status::ready) {
            pause.expires_after(1ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        co_return http::response::text("finished");
    };
    running host{{}, [&](server& web) {
                     add_sample_routes(web);
                     web.route("GET", "/slow", slow);
                     web.websocket("/ws", [](http::request const&, auto const&) {});
                 }};
    auto idle = host.client();
    CHECK_THAT(idle.ask(get("/hello")), contains("hello"));
    auto socket = host.client();
    CHECK_THAT(socket.upgrade("/ws"), contains("HTTP/1.1 101"));
    auto busy = host.client();
    busy.send(get("/slow"));
    begun.get_future().wait();

    auto stopped = host.begin_stop(20s);
    CHECK(idle.is_closed_silently());
    CHECK(socket.read_close() == 1001);
    socket.send_frame(raw_client::close_frame, "\x03\xe9");
    socket.shutdown_send();
    CHECK_THROWS(host.client());
    release.set_value();
    CHECK_THAT(busy.read_all(), contains("connection: close") && contains("\r\n\r\nfinished"));
    CHECK(stopped.get());
    CHECK(host.web.stats().connections == 0);
}

TEST_CASE("http: a stop that runs out of time cancels what is left") {
    running host{{}, add_sample_routes};
    auto client = host.client();
    client.send(get("/wait"));
    while (host.web.stats().requests_total == 0) {
        std::this_thread::yield();
    }
    CHECK_FALSE(host.stop(10ms));
    CHECK(client.is_closed_silently());
    CHECK(host.web.stats().connections == 0);
    CHECK_THAT(host.log(), contains("handler_cancelled") && !contains("handler_failed"));
}

TEST_CASE("http: a server that goes lets go of its handlers and sessions") {
    auto owned = std::make_shared<int>(1);
    std::weak_ptr<int> const watched = owned;
    {
        running host{{}, [&](server& web) {
                         web.route("GET", "/x", [owned](http::request const& q) { return hello(q); });
                         web.websocket("/ws", [owned](http::request const&, auto const& session) {
                             session->on_message([owned, session](std::string_view) {});
                             session->on_close([owned](http::close_code) {});
                         });
                     }};
        owned.reset();
        auto client = host.client();
        CHECK_THAT(client.ask(get("/x")), contains("hello"));
        CHECK_THAT(client.upgrade("/ws"), contains("HTTP/1.1 101"));
        CHECK_FALSE(watched.expired());
    }
    CHECK(watched.expired());
}

TEST_CASE("http: a WebSocket talks, in order and in whole messages") {
    std::promise<http::close_code> closed;
    running host{{}, [&](server& web) {
                     web.websocket(
                         "/ws", [&](http::request const& q, std::shared_ptr<http::websocket_session> const& session) {
                             session->on_message([session = std::weak_ptr{session}](std::string_view text) {
                                 if (auto const open = session.lock()) {
                                     open->send(std::make_shared<std::string const>(text));
                                 }
                             });
                             session->on_close([&](http::close_code code) { closed.set_value(code); });
                             session->send(std::make_shared<std::string const>(q.parameter("since").value_or("-")));
                             session->send(std::make_shared<std::string const>(100'000, 'x'));
                         });
                 }};
    auto client = host.client();
    CHECK_THAT(client.upgrade("/ws?since=17", "Origin: http://localhost\r\n"),
               contains("101") && contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    CHECK(client.read_frame().payload == "17");
    CHECK(client.read_frame().payload.size() == 100'000); // one frame, not 25 of 4 KiB
    CHECK(host.web.stats().websocket_sessions == 1);
    for (auto const* text : {"one", "two", "three"}) {
        client.send_frame(raw_client::text_frame, text);
        CHECK(client.read_frame().payload == text);
    }
    client.send_frame(raw_client::ping_frame, "p");
    auto const pong = client.read_frame();
    CHECK(pong.opcode == raw_client::pong_frame);
    CHECK(pong.payload == "p");
    client.send_frame(raw_client::close_frame, "\x03\xe8");
    CHECK(client.read_close() == 1000);
    client.shutdown_send();
    CHECK(closed.get_future().get() == http::close_code::normal);
}

TEST_CASE("http: a slow subscriber skips states, and each one is sent or counted") {
    std::promise<std::shared_ptr<http::websocket_session>> opened;
    running host{{}, [&](server& web) {
                     http::websocket_options options;
                     options.send_buffer_bytes = 4096;
                     web.websocket(
                         "/ws", [&](http::request const&, auto const& session) { opened.set_value(session); }, options);
                 }};
    auto client = host.client(4096);
    CHECK_THAT(client.upgrade("/ws"), contains("101"));
    auto const session = opened.get_future().get();
    constexpr unsigned offered = 500;
    for (unsigned i = 1; i <= offered; ++i) {
        session->send_latest(std::make_shared<std::string const>(std::to_string(i) + std::string(10'000, ' ')));
    }
    unsigned received = 0;
    unsigned last = 0;
    while (last < offered) {
        auto const text = client.read_frame().payload;
        REQUIRE(text.size() > 10'000);
        auto const now = static_cast<unsigned>(std::stoul(text));
        REQUIRE(now > last);
        last = now;
        ++received;
    }
    CHECK(session->skipped() > 0);
    CHECK(received + session->skipped() == offered);
    CHECK(host.web.stats().websocket_skipped_total == session->skipped());
}

TEST_CASE("http: a subscriber that does not read at all is closed") {
    std::promise<std::shared_ptr<http::websocket_session>> opened;
    std::promise<http::close_code> closed;
    running host{{}, [&](server& web) {
                     http::websocket_options options;
                     options.send_buffer_bytes = 4096;
                     options.stall_deadline = 50ms;
                     options.close_deadline = 50ms;
                     auto const on_open = [&](http::request const&, auto const& session) {
                         session->on_close([&](http::close_code code) { closed.set_value(code); });
                         opened.set_value(session);
                     };
                     web.websocket("/ws", on_open, options);
                 }};
    auto client = host.client(4096);
    CHECK_THAT(client.upgrade("/ws"), contains("101"));
    auto const session = opened.get_future().get();
    auto ended = closed.get_future();
    auto const state = std::make_shared<std::string const>(100'000, 's');
    while (ended.wait_for(5ms) != std::future_status::ready) {
        session->send_latest(state);
    }
    CHECK(ended.get() == http::close_code::try_again_later);
    session->send_latest(state); // a handle that has outlived its session does nothing
    session->close(http::close_code::normal);
}

TEST_CASE("http: WebSockets are bounded in number, size and rate, and kept from foreign pages") {
    auto const ended = std::make_shared<std::atomic<unsigned>>(0);
    running host{{}, [&](server& web) {
                     http::websocket_options options;
                     options.subscribers = 1;
                     options.message_bytes = 1000;
                     options.message_burst = 5;
                     options.messages_per_second = 0.001;
                     auto const on_open = [&](http::request const&, auto const& session) {
                         session->on_close([ended](http::close_code code) { *ended = static_cast<unsigned>(code); });
                     };
                     web.websocket("/ws", on_open, options);
                 }};
    auto const wait_for_end = [&] {
        while (host.web.stats().connections > 0) {
            std::this_thread::yield();
        }
    };
    SECTION("in number") {
        auto first = host.client();
        CHECK_THAT(first.upgrade("/ws"), contains("101"));
        auto second = host.client();
        CHECK_THAT(second.upgrade("/ws"), contains("HTTP/1.1 503") && contains("retry-after"));
    }
    SECTION("in size") {
        auto client = host.client();
        CHECK_THAT(client.upgrade("/ws"), contains("101"));
        client.send_frame(raw_client::text_frame, std::string(1001, 'x'));
        CHECK(client.read_close() == 1009);
        client.send_frame(raw_client::close_frame, "\x03\xf1");
        CHECK(client.is_closed_silently());
        wait_for_end();
        CHECK(*ended == 1009);
    }
    SECTION("in rate") {
        auto client = host.client();
        CHECK_THAT(client.upgrade("/ws"), contains("101"));
        for (int i = 0; i < 6; ++i) {
            client.send_frame(raw_client::text_frame, "x");
        }
        CHECK(client.read_close() == 1008);
    }
    SECTION("foreign pages") {
        auto client = host.client();
        CHECK_THAT(client.upgrade("/ws", "Origin: http://evil.example\r\n"), contains("HTTP/1.1 403"));
    }
    SECTION("plain requests") {
        auto client = host.client();
        CHECK_THAT(client.ask(get("/ws")), contains("HTTP/1.1 426") && contains("sec-websocket-version: 13"));
    }
    SECTION("a frame without a mask") {
        auto client = host.client();
        CHECK_THAT(client.upgrade("/ws"), contains("101"));
        client.send("\x81\x01x");
        CHECK(client.read_close() == 1002);
    }
    SECTION("text that is not UTF-8") {
        auto client = host.client();
        CHECK_THAT(client.upgrade("/ws"), contains("101"));
        client.send_frame(raw_client::text_frame, "\xff");
        CHECK(client.read_close() == 1007);
    }
    SECTION("a connection that is lost") {
        {
            auto client = host.client();
            CHECK_THAT(client.upgrade("/ws"), contains("101"));
        }
        wait_for_end();
        CHECK(*ended == 1006);
    }
}

TEST_CASE("http: a message handler that fails, and messages that must not be lost but are not taken, end the session") {
    running host{{}, [&](server& web) {
                     http::websocket_options options;
                     options.queue = 2;
                     options.send_buffer_bytes = 4096;
                     web.websocket("/ws", [](http::request const&, auto const& session) {
                         session->on_message([](std::string_view) { throw std::runtime_error{"no"}; });
                     });
                     web.websocket(
                         "/flood",
                         [](http::request const&, auto const& session) {
                             for (int i = 0; i < 4; ++i) {
                                 session->send(std::make_shared<std::string const>(1'000'000, 'x'));
                             }
                         },
                         options);
                 }};
    auto client = host.client();
    CHECK_THAT(client.upgrade("/ws"), contains("101"));
    client.send_frame(raw_client::text_frame, "x");
    CHECK(client.read_close() == 1011);
    auto flooded = host.client();
    CHECK_THAT(flooded.upgrade("/flood"), contains("101"));
    CHECK(flooded.read_close() == 1013);
}

TEST_CASE("http: many clients on several threads are served side by side") {
    running host{{}, [](server& web) {
                     add_sample_routes(web);
                     web.websocket("/ws", [](http::request const&, auto const& session) {
                         session->send_latest(std::make_shared<std::string const>("state"));
                     });
                 }};
    std::atomic<int> right{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&] {
            for (int round = 0; round < 10; ++round) {
                auto client = host.client();
                for (int k = 0; k < 5; ++k) {
                    right += client.ask(post("/echo", "Content-Length: 4\r\n", "ping")).ends_with("ping") ? 1 : 0;
                }
                client.upgrade("/ws");
                right += client.read_frame().payload == "state" ? 1 : 0;
                host.web.stats();
            }
        });
    }
    for (auto& client : clients) {
        client.join();
    }
    CHECK(right == 4 * 10 * 6);
}
