// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/export/verdict.hpp>
#include <orfeas/http/response_parser.hpp>

#include <boost/asio/error.hpp>

#include <string>

namespace exporting = orfeas::exporting;
namespace http = orfeas::http;
using namespace std::chrono_literals;
using enum exporting::verdict::kind;
using exporting::otlp_encoding;

namespace {

orfeas::wall_time const now{1'700'000'000s};

http::client_result answer(std::string const& head, std::string const& body = {}) {
    http::client_result done;
    http::response_parser parser;
    parser.start(false);
    auto const text = "HTTP/1.1 " + head + "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    REQUIRE(parser.parse(text, done.response).outcome == http::response_parser::state::complete);
    return done;
}

exporting::verdict judge(std::string const& head, std::string const& body = {},
                         otlp_encoding encoding = otlp_encoding::protobuf) {
    return exporting::judge(answer(head, body), encoding, "rejectedSpans", now);
}

exporting::verdict judge(boost::system::error_code error) {
    http::client_result done;
    done.error = error;
    return exporting::judge(done, otlp_encoding::protobuf, "rejectedSpans", now);
}

std::string const protobuf = "\r\ncontent-type: application/x-protobuf";
std::string const json = "\r\ncontent-type: application/json; charset=utf-8";
std::string const three_rejected{"\x0a\x05\x08\x03\x12\x01x", 7};

} // namespace

TEST_CASE("verdict: any 2xx is success", "[export][verdict]") {
    for (char const* head : {"200 OK", "202 Accepted", "204 No Content", "299 X"}) {
        CHECK(judge(head).meaning == accepted);
        CHECK(judge(head).rejected == 0);
    }
}

TEST_CASE("verdict: a partial success counts where the answer is of the request's type", "[export][verdict]") {
    CHECK(judge("200 OK" + protobuf, three_rejected).rejected == 3);
    CHECK(judge("200 OK" + json, three_rejected).rejected == 0);
    std::string const text = R"({"partialSuccess":{"rejectedSpans":"4","errorMessage":"x"}})";
    CHECK(judge("200 OK" + json, text, otlp_encoding::json).rejected == 4);
    CHECK(judge("200 OK" + json, text, otlp_encoding::protobuf).rejected == 0);
    CHECK(judge("200 OK", three_rejected).rejected == 0);
}

TEST_CASE("verdict: four statuses are worth another attempt", "[export][verdict]") {
    for (char const* head : {"429 X", "502 X", "503 X", "504 X"}) {
        CHECK(judge(head).meaning == unreachable);
        CHECK_FALSE(judge(head).retry_after);
    }
    CHECK(judge("503 X\r\nretry-after: 7").retry_after == 7s);
    CHECK(judge("429 X\r\nretry-after: Tue, 14 Nov 2023 22:13:30 GMT").retry_after == 10s);
    CHECK_FALSE(judge("503 X\r\nretry-after: soon").retry_after);
    for (char const* head : {"301 X", "400 X", "401 X", "404 X", "408 X", "413 X", "500 X", "501 X", "505 X"}) {
        INFO(head);
        CHECK(judge(head).meaning == refused);
    }
}

TEST_CASE("verdict: a failing connection may come back, a wrong kind of server will not", "[export][verdict]") {
    CHECK(judge(boost::asio::error::connection_refused).meaning == unreachable);
    CHECK(judge(boost::asio::error::connection_reset).meaning == unreachable);
    CHECK(judge(boost::asio::error::host_not_found).meaning == unreachable);
    CHECK(judge(make_error_code(http::client_error::timed_out)).meaning == unreachable);
    CHECK(judge(make_error_code(http::client_error::closed_early)).meaning == unreachable);
    CHECK(judge(make_error_code(http::client_error::stopped)).meaning == unreachable);
    CHECK(judge(make_error_code(http::client_error::malformed_answer)).meaning == refused);
    CHECK(judge(make_error_code(http::client_error::unsupported_scheme)).meaning == refused);
}

TEST_CASE("verdict: an answer with more text than is read is judged by its status", "[export][verdict]") {
    auto const of = [](std::string const& head) {
        http::client_result done;
        http::response_parser parser{{.body_bytes = 100}};
        parser.start(false);
        auto const got = parser.parse("HTTP/1.1 " + head + "\r\ncontent-length: 101\r\n\r\n", done.response);
        REQUIRE(got.outcome == http::response_parser::state::refused);
        done.error = make_error_code(http::client_error::body_too_large);
        CHECK(
            exporting::judge(done, otlp_encoding::protobuf, "rejectedSpans", now).meaning ==
            (head.starts_with("503") ? unreachable : refused)); // of a success it is not known what was refused in part
        return exporting::judge_delivery(done, now);
    };
    CHECK(of("200 OK").meaning == accepted);
    CHECK(of("503 X\r\nretry-after: 7").meaning == unreachable);
    CHECK(of("503 X\r\nretry-after: 7").retry_after == 7s);
    CHECK(of("404 X").meaning == refused);
}

TEST_CASE("verdict: alerts are handed over again where it may help", "[export][verdict]") {
    auto const of = [](std::string const& head) { return exporting::judge_delivery(answer(head), now); };
    for (char const* head : {"200 OK", "202 Accepted", "204 No Content"}) {
        CHECK(of(head).meaning == accepted);
    }
    for (char const* head : {"408 X", "429 X", "500 X", "501 X", "502 X", "503 X", "504 X", "599 X"}) {
        CHECK(of(head).meaning == unreachable);
        CHECK_FALSE(of(head).retry_after);
        CHECK(of(std::string{head} + "\r\nretry-after: 7").retry_after == 7s);
    }
    for (char const* head : {"301 X\r\nlocation: /", "304 X", "400 X", "401 X", "404 X", "410 Gone", "422 X"}) {
        CHECK(of(head).meaning == refused);
    }
    http::client_result broken;
    broken.error = boost::asio::error::connection_refused;
    CHECK(exporting::judge_delivery(broken, now).meaning == unreachable);
    broken.error = make_error_code(http::client_error::timed_out);
    CHECK(exporting::judge_delivery(broken, now).meaning == unreachable);
    broken.error = make_error_code(http::client_error::malformed_answer);
    CHECK(exporting::judge_delivery(broken, now).meaning == refused);
}
