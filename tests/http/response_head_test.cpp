// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/response_head.hpp>

namespace http = orfeas::http;

namespace {

std::string head_of(http::response const& answer, bool keep_alive = true) {
    std::string text;
    http::append_response_head(text, answer, keep_alive, "now");
    return text;
}

} // namespace

TEST_CASE("http: dates are those of RFC 9110") {
    http::date_text date;
    orfeas::wall_time const moment{std::chrono::seconds{784'111'777}};
    CHECK(date.at(moment) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(date.at(moment + std::chrono::milliseconds{999}) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(date.at(moment + std::chrono::seconds{1}) == "Sun, 06 Nov 1994 08:49:38 GMT");
    CHECK(http::date_text{}.at(orfeas::wall_time{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(date.at(orfeas::wall_time{std::chrono::seconds{1'709'164'800}}) == "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST_CASE("http: a header has status, date, fields, length and protection") {
    CHECK(head_of(http::response::text("hello")) ==
          "HTTP/1.1 200 OK\r\ndate: now\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 5\r\n"
          "x-content-type-options: nosniff\r\n\r\n");
    CHECK(head_of(http::response{http::status::not_found}, false) ==
          "HTTP/1.1 404 Not Found\r\ndate: now\r\ncontent-length: 0\r\nx-content-type-options: nosniff\r\n"
          "connection: close\r\n\r\n");
}

TEST_CASE("http: 204 and 304 have no length") {
    using orfeas_test::contains;
    CHECK_THAT(head_of(http::response{http::status::no_content}), !contains("content-length"));
    CHECK_THAT(head_of(http::response{http::status::not_modified}), !contains("content-length"));
}

TEST_CASE("http: a handler cannot disturb the framing") {
    auto const answer = http::response::text("hello")
                            .set("Content-Length", "4")
                            .set("Transfer-Encoding", "chunked")
                            .set("Date", "never");
    CHECK(head_of(answer) == head_of(http::response::text("hello")));
}
