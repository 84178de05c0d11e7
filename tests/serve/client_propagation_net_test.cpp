// SPDX-License-Identifier: MIT
#include "http/raw_server.hpp"
#include "support/catch.hpp"

#include <orfeas/http/client.hpp>
#include <orfeas/serve/client_propagation.hpp>
#include <orfeas/trace/asio.hpp>
#include <orfeas/trace/tracer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace http = orfeas::http;
namespace trace = orfeas::trace;
using orfeas::task;
using orfeas_test::raw_client;
using orfeas_test::raw_server;
using client = http::basic_client<asio::any_io_executor, orfeas::serve::client_propagation>;

namespace {

/// Answers every request with its own header for a body.
raw_server mirror(std::string_view status) {
    return raw_server{[status](raw_client& peer, int) {
        for (auto head = peer.read_head(); !head.empty(); head = peer.read_head()) {
            peer.send("HTTP/1.1 " + std::string{status} + "\r\ncontent-length: " + std::to_string(head.size()) +
                      "\r\n\r\n" + head);
        }
    }};
}

/// The value of a field in a header's text; empty when it is not there.
std::string field_of(std::string_view head, std::string name) {
    auto const at = head.find("\r\n" + name + ": ");
    if (at == std::string_view::npos) {
        return {};
    }
    auto const rest = head.substr(at + name.size() + 4);
    return std::string{rest.substr(0, rest.find("\r\n"))};
}

struct sent {
    http::client_result got;
    std::string traceparent;
    std::string tracestate;
    std::string baggage;
};

/// One request from within a trace that `parent` began.
sent send_within(trace::tracer& tracing, std::string const& url, std::optional<trace::remote_parent> parent) {
    asio::io_context io;
    client web{io.get_executor()};
    http::client_request const q{"GET", *http::parse_url(url)};
    auto work = web.send(q);
    auto traced = trace::run_traced(tracing, std::move(parent), std::string{"work"}, std::move(work));
    auto done = asio::co_spawn(io, std::move(traced), asio::use_future);
    io.run();
    sent result;
    result.got = done.get();
    auto const head = result.got.response.body_text();
    result.traceparent = field_of(head, "traceparent");
    result.tracestate = field_of(head, "tracestate");
    result.baggage = field_of(head, "baggage");
    return result;
}

std::optional<trace::remote_parent> parent_of(std::string_view traceparent) {
    return trace::extract(traceparent, "vendor=1", "user=a%20b");
}

constexpr std::string_view sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

} // namespace

TEST_CASE("a request is a client span, and the server hears of it", "[serve][client_propagation]") {
    auto const server = mirror("200 OK");
    trace::tracer tracing;
    auto const result = send_within(tracing, server.url("/x?y"), parent_of(sampled));
    auto const ids = trace::parse_traceparent(result.traceparent);
    REQUIRE(ids);
    CHECK(result.tracestate == "vendor=1");
    CHECK(result.baggage == "user=a%20b");
    auto const whole = tracing.store().find(ids->trace);
    REQUIRE(whole);
    REQUIRE(whole->spans.size() == 2);
    auto const& span = whole->spans[1];
    CHECK(span.name == "GET");
    CHECK(span.kind == trace::span_kind::client);
    CHECK(span.id == ids->span);
    CHECK(span.parent == whole->spans[0].id);
    CHECK(span.status == trace::span_status::unset);
    CHECK(std::get<std::int64_t>(*span.find("http.response.status_code")) == 200);
    CHECK(std::get<std::string>(*span.find("url.full")) == server.url("/x?y"));
    CHECK(ids->sampled());
}

TEST_CASE("failures fail the client span", "[serve][client_propagation]") {
    trace::tracer tracing;
    auto const server = mirror("404 Not Found");
    auto const missing = send_within(tracing, server.url(), parent_of(sampled));
    auto const id = trace::parse_traceparent(missing.traceparent)->trace;
    CHECK(tracing.store().find(id)->spans[1].status == trace::span_status::error);

    auto const refused = send_within(tracing, "https://127.0.0.1/", std::nullopt);
    CHECK(refused.got.error == make_error_code(http::client_error::unsupported_scheme));
    auto const last = tracing.store().recent(1);
    REQUIRE(last.size() == 1);
    CHECK(last[0].status == trace::span_status::error);
}

TEST_CASE("a trace that is not sampled is passed on as such", "[serve][client_propagation]") {
    auto const server = mirror("200 OK");
    trace::tracer_options options;
    options.record_unsampled = false;
    trace::tracer tracing{options};
    auto const result = send_within(tracing, server.url(), parent_of(unsampled));
    auto const ids = trace::parse_traceparent(result.traceparent);
    REQUIRE(ids);
    CHECK_FALSE(ids->sampled());
    CHECK(ids->trace == trace::parse_traceparent(unsampled)->trace);
    CHECK(result.tracestate == "vendor=1");
}

TEST_CASE("without a trace nothing is added", "[serve][client_propagation]") {
    auto const server = mirror("200 OK");
    asio::io_context io;
    client web{io.get_executor()};
    http::client_request const q{"GET", *http::parse_url(server.url())};
    auto done = asio::co_spawn(io, web.send(q), asio::use_future);
    io.run();
    auto const got = done.get();
    CHECK(field_of(got.response.body_text(), "traceparent").empty());
    CHECK(field_of(got.response.body_text(), "tracestate").empty());
}
