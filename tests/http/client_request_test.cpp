// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/client_request.hpp>

namespace http = orfeas::http;

namespace {

std::string head_of(http::client_request const& q) {
    std::string head;
    http::append_request_head(head, q);
    return head;
}

} // namespace

TEST_CASE("a request's header names target, host and length", "[http][client_request]") {
    http::client_request get{"GET", *http::parse_url("http://localhost:8080/a?b")};
    get.set("accept", "text/plain");
    CHECK(head_of(get) == "GET /a?b HTTP/1.1\r\nhost: localhost:8080\r\naccept: text/plain\r\n");

    http::client_request const post{"POST", *http::parse_url("http://localhost/"), "text/plain", "hello"};
    CHECK(head_of(post) == "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n");

    http::client_request const empty{"POST", *http::parse_url("http://localhost/")};
    CHECK(head_of(empty) == "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n");
}

TEST_CASE("framing is the client's own business", "[http][client_request]") {
    http::client_request q{"GET", *http::parse_url("http://localhost/")};
    q.set("Content-Length", "7").set("Transfer-Encoding", "chunked").set("Host", "other").set("Connection", "close");
    CHECK(head_of(q) == "GET / HTTP/1.1\r\nhost: localhost\r\n");
}

TEST_CASE("what could split a request in two never leaves", "[http][client_request]") {
    http::url const to = *http::parse_url("http://localhost/");
    CHECK_THROWS_AS(head_of({"GE T", to}), std::invalid_argument);
    CHECK_THROWS_AS(head_of({"", to}), std::invalid_argument);
    CHECK_THROWS_AS(head_of({"CONNECT", to}), std::invalid_argument);
    auto bad = to;
    bad.target = "/a\r\nx: y";
    CHECK_THROWS_AS(head_of({"GET", bad}), std::invalid_argument);
    bad = to;
    bad.host = "a\r\nx: y";
    CHECK_THROWS_AS(head_of({"GET", bad}), std::invalid_argument);
    std::string head;
    http::head_writer writer{head};
    CHECK_THROWS_AS(writer.add("x", "a\nb"), std::invalid_argument);
    CHECK_THROWS_AS(writer.add("x y", "a"), std::invalid_argument);
    writer.add("traceparent", "00-1");
    CHECK(head == "traceparent: 00-1\r\n");
}
