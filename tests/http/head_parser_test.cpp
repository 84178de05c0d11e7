// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/head_parser.hpp>

#include <random>
#include <string>
#include <vector>

namespace http = orfeas::http;
using http::refusal;
using state = http::head_parser::state;

namespace {

http::head_parser::result parse(std::string_view text, http::request& into, http::head_limits limits = {}) {
    return http::head_parser{limits}.parse(text, into);
}

struct refused_row {
    char const* what;
    std::string text;
    refusal reason;
};

std::string with(std::string const& fields) {
    return "GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

std::vector<refused_row> refused_rows() {
    using namespace std::string_literals;
    return {
        // the request line
        {"a TLS greeting", "\x16\x03\x01\x02"s, refusal::malformed_request_line},
        {"a leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"a space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"a tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"no version", "GET /\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"a version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"a version of three digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", refusal::unsupported_version},
        {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", refusal::unsupported_version},
        {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", refusal::unsupported_version},
        {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", refusal::unsupported_method},
        {"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", refusal::unsupported_method},
        {"a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", refusal::unsupported_method},
        {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_request_line},
        // the target
        {"absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"authority form", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"a fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"a byte above 127", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"a control character", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"a lone per cent sign", "GET /% HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"a half escape", "GET /?a=%1 HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"no hexadecimal escape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        {"an escaped NUL", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", refusal::malformed_target},
        // Host
        {"no Host", "GET / HTTP/1.1\r\n\r\n", refusal::missing_host},
        {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", refusal::missing_host},
        {"two Hosts", with("Host: localhost\r\n"), refusal::repeated_host},
        // field syntax
        {"no colon", with("Fields\r\n"), refusal::malformed_field},
        {"no name", with(": x\r\n"), refusal::malformed_field},
        {"a space before the colon", with("Content-Length : 5\r\n"), refusal::malformed_field},
        {"a tab in the name", with("Content\tLength: 5\r\n"), refusal::malformed_field},
        {"a folded field", with("X: a\r\n b\r\n"), refusal::folded_field},
        {"a folded field with a tab", with("X: a\r\n\tb\r\n"), refusal::folded_field},
        {"a folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", refusal::folded_field},
        {"NUL in a value", with("X: a\0b\r\n"s), refusal::malformed_field},
        {"CR in a value", with("X: a\rb\r\n"), refusal::malformed_field},
        {"LF in a value", with("X: a\nb\r\n"), refusal::malformed_field},
        {"DEL in a value", with("X: a\x7f\r\n"), refusal::malformed_field},
        {"bare newlines", "GET / HTTP/1.1\nHost: a\n\n", refusal::malformed_field},
        {"one bare newline", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", refusal::malformed_field},
        {"a bare newline for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", refusal::malformed_field},
        // framing
        {"Content-Length twice, equal", with("Content-Length: 5\r\nContent-Length: 5\r\n"),
         refusal::malformed_content_length},
        {"Content-Length twice, different", with("Content-Length: 5\r\ncontent-length: 6\r\n"),
         refusal::malformed_content_length},
        {"a list of lengths", with("Content-Length: 5, 5\r\n"), refusal::malformed_content_length},
        {"a signed length", with("Content-Length: +5\r\n"), refusal::malformed_content_length},
        {"a negative length", with("Content-Length: -1\r\n"), refusal::malformed_content_length},
        {"a hexadecimal length", with("Content-Length: 0x5\r\n"), refusal::malformed_content_length},
        {"an empty length", with("Content-Length:\r\n"), refusal::malformed_content_length},
        {"a length with a unit", with("Content-Length: 5 bytes\r\n"), refusal::malformed_content_length},
        {"a length of 2^64", with("Content-Length: 18446744073709551616\r\n"), refusal::malformed_content_length},
        {"both framings", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), refusal::conflicting_framing},
        {"both framings, the other way", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
         refusal::conflicting_framing},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
         refusal::conflicting_framing},
        {"chunked, identity", with("Transfer-Encoding: chunked, identity\r\n"), refusal::malformed_transfer_encoding},
        {"identity", with("Transfer-Encoding: identity\r\n"), refusal::malformed_transfer_encoding},
        {"xchunked", with("Transfer-Encoding: xchunked\r\n"), refusal::malformed_transfer_encoding},
        {"chunked with a parameter", with("Transfer-Encoding: chunked;q=1\r\n"), refusal::malformed_transfer_encoding},
        {"quoted chunked", with("Transfer-Encoding: \"chunked\"\r\n"), refusal::malformed_transfer_encoding},
        {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n"), refusal::malformed_transfer_encoding},
        {"two fields", with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
         refusal::malformed_transfer_encoding},
        {"two chunked fields", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
         refusal::malformed_transfer_encoding},
        {"an empty coding", with("Transfer-Encoding:\r\n"), refusal::malformed_transfer_encoding},
        {"chunked behind a vertical tab",
         with("Transfer-Encoding: \x0b"
              "chunked\r\n"),
         refusal::malformed_field},
        {"gzip", with("Transfer-Encoding: gzip, chunked\r\n"), refusal::unsupported_transfer_coding},
        {"another expectation", with("Expect: a-cake\r\n"), refusal::expectation_failed},
    };
}

} // namespace

TEST_CASE("http: a whole header is taken apart") {
    http::request q;
    std::string const text = "POST /a/b?c=d HTTP/1.1\r\nHost: localhost:80\r\nX:\t padded \t\r\nEmpty:\r\n"
                             "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello";
    auto const result = parse(text, q);
    REQUIRE(result.outcome == state::complete);
    CHECK(result.bytes == text.size() - 5);
    CHECK(q.method() == "POST");
    CHECK(q.target() == "/a/b?c=d");
    CHECK(q.minor_version() == 1);
    CHECK(q.host() == "localhost:80");
    CHECK(q.field_count() == 5);
    CHECK(q.field("x") == "padded");
    CHECK(q.field("empty") == "");
    CHECK(q.content_length() == 5);
    CHECK(q.has_body());
    CHECK(q.expects_continue());
    CHECK(q.keeps_alive());
    CHECK_FALSE(q.is_chunked());
}

TEST_CASE("http: each malformed or ambiguous header is refused for its own reason") {
    for (auto const& row : refused_rows()) {
        CAPTURE(row.what);
        http::request q;
        auto const result = parse(row.text, q);
        REQUIRE(result.outcome == state::refused);
        CHECK(http::name_of(result.reason) == http::name_of(row.reason));
    }
}

TEST_CASE("http: no prefix of a refused header is complete, and byte by byte it is refused too") {
    for (auto const& row : refused_rows()) {
        CAPTURE(row.what);
        http::head_parser parser;
        http::request q;
        auto outcome = state::incomplete;
        for (std::size_t n = 1; n <= row.text.size() && outcome == state::incomplete; ++n) {
            outcome = parser.parse(std::string_view{row.text}.substr(0, n), q).outcome;
        }
        CHECK(outcome == state::refused);
    }
}

TEST_CASE("http: a header that comes byte by byte is complete with its last byte") {
    std::string const text = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"; // one empty line first is allowed
    http::head_parser parser;
    http::request q;
    for (std::size_t n = 0; n < text.size(); ++n) {
        REQUIRE(parser.parse(std::string_view{text}.substr(0, n), q).outcome == state::incomplete);
    }
    auto const result = parser.parse(text, q);
    CHECK(result.outcome == state::complete);
    CHECK(result.bytes == text.size());
}

TEST_CASE("http: a parser goes on with the next header and keeps nothing of the last one") {
    http::head_parser parser;
    http::request q;
    std::string text = "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n";
    REQUIRE(parser.parse(text, q).outcome == state::complete);
    CHECK(q.is_chunked());
    text = "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
    REQUIRE(parser.parse(text, q).outcome == state::complete);
    CHECK(q.target() == "/2");
    CHECK(q.host() == "b");
    CHECK(q.field_count() == 1);
    CHECK_FALSE(q.is_chunked());
    CHECK_FALSE(q.has_body());
}

TEST_CASE("http: connections persist in HTTP/1.1 unless closed") {
    auto const keeps = [](std::string const& text) {
        http::request q;
        REQUIRE(parse(text, q).outcome == state::complete);
        return q.keeps_alive();
    };
    CHECK(keeps(with("")));
    CHECK(keeps(with("Connection: keep-alive\r\n")));
    CHECK_FALSE(keeps(with("Connection: Close\r\n")));
    CHECK_FALSE(keeps(with("Connection: upgrade , close\r\nConnection: keep-alive\r\n")));
    CHECK_FALSE(keeps("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("http: limits hold to the byte") {
    http::head_limits const limits{200, 20, 3};
    http::request q;
    auto const target_of = [](std::size_t n) { return "/" + std::string(n - 1, 'a'); };
    CHECK(parse("GET " + target_of(20) + " HTTP/1.1\r\nHost: a\r\n\r\n", q, limits).outcome == state::complete);
    CHECK(parse("GET " + target_of(21) + " HTTP/1.1\r\nHost: a\r\n\r\n", q, limits).reason == refusal::target_too_long);
    CHECK(parse("GET " + target_of(60), q, limits).reason == refusal::target_too_long); // before its end has come

    CHECK(parse("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n", q, limits).outcome == state::complete);
    CHECK(parse("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", q, limits).reason ==
          refusal::too_many_fields);

    auto const sized = [](std::size_t n) {
        std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        text.append(n - text.size() - 4, 'x');
        return text + "\r\n\r\n";
    };
    REQUIRE(sized(200).size() == 200);
    CHECK(parse(sized(200), q, limits).outcome == state::complete);
    CHECK(parse(sized(201), q, limits).reason == refusal::header_too_large);
    CHECK(parse(sized(300).substr(0, 201), q, limits).reason == refusal::header_too_large);
    CHECK(parse(sized(200) + std::string(5000, 'b'), q, limits).outcome == state::complete); // a body does not count
}

TEST_CASE("http: the asterisk is a target for OPTIONS") {
    http::request q;
    CHECK(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", q).outcome == state::complete);
    CHECK(q.target() == "*");
}

TEST_CASE("http: random changes never crash the parser, and what it takes reads the same again") {
    auto const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::string const base = "POST /a%20b?c=d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nX-Y: z\r\n\r\n";
    using namespace std::string_literals;
    std::string const spice = "\r\n\t :;,%\0\x7f\xff/?aA0"s;
    int taken = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto text = base;
        for (auto changes = 1 + random() % 4; changes > 0; --changes) {
            auto const at = random() % text.size();
            switch (random() % 3) {
            case 0:
                text[at] = spice[random() % spice.size()];
                break;
            case 1:
                text.insert(at, 1, spice[random() % spice.size()]);
                break;
            default:
                text.erase(at, 1);
            }
        }
        http::request q;
        auto const result = parse(text, q);
        if (result.outcome != state::complete) {
            continue;
        }
        ++taken;
        std::string again{q.method()};
        again.append(" ").append(q.target()).append(q.minor_version() == 1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
        for (std::size_t i = 0; i < q.field_count(); ++i) {
            again.append(q.field_at(i).first).append(": ").append(q.field_at(i).second).append("\r\n");
        }
        again.append("\r\n");
        http::request second;
        REQUIRE(parse(again, second).outcome == state::complete);
        REQUIRE(second.field_count() == q.field_count());
        REQUIRE(second.content_length() == q.content_length());
        REQUIRE(second.is_chunked() == q.is_chunked());
    }
    CHECK(taken > 100);
}
