// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/head_parser.hpp>
#include <orfeas/serve/page.hpp>

#include <string>

using namespace orfeas;

namespace {

http::response answer(std::string const& fields, http::response (*of)(http::request const&) = serve::page_response) {
    http::request q;
    auto const parsed = http::head_parser{}.parse("GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n", q);
    REQUIRE(parsed.outcome == http::head_parser::state::complete);
    return of(q);
}

} // namespace

TEST_CASE("serve: the page comes as it is, or compressed where that is taken") {
    auto const plain = answer("");
    CHECK(plain.status() == http::status::ok);
    CHECK(plain.body().text().starts_with("<!doctype html>"));
    CHECK_FALSE(plain.field("content-encoding"));
    auto const compressed = answer("Accept-Encoding: deflate, gzip\r\n");
    CHECK(compressed.field("content-encoding") == "gzip");
    CHECK(compressed.body().text().starts_with("\x1f\x8b"));
    CHECK(compressed.body().size() < 25'600);
    CHECK(plain.body().size() < 92'160);
    CHECK(plain.field("vary") == "accept-encoding");
    CHECK(plain.field("etag") != compressed.field("etag"));
}

TEST_CASE("serve: who has the page already is told so, for the form that it asks for") {
    std::string const tag{*answer("").field("etag")};
    auto const known = answer("If-None-Match: " + tag + "\r\n");
    CHECK(known.status() == http::status::not_modified);
    CHECK(known.body().empty());
    CHECK(answer("Accept-Encoding: gzip\r\nIf-None-Match: " + tag + "\r\n").status() == http::status::ok);
}

TEST_CASE("serve: the page's policy lets nothing in from elsewhere") {
    auto const page = answer("");
    std::string const policy{page.field("content-security-policy").value_or("")};
    CHECK(policy.find("default-src 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find("http") == std::string::npos);
}

TEST_CASE("serve: the script that comes later has a size, a tag and a form of its own, and the page names its hash") {
    auto const plain = answer("", serve::more_response);
    CHECK(plain.status() == http::status::ok);
    CHECK(plain.field("content-type") == "text/javascript; charset=utf-8");
    CHECK(plain.field("etag") != answer("").field("etag"));
    auto const compressed = answer("Accept-Encoding: gzip\r\n", serve::more_response);
    CHECK(compressed.field("content-encoding") == "gzip");
    CHECK(compressed.body().size() < 8'192);
    CHECK(compressed.body().size() > 1'000);
    std::string const tag{*compressed.field("etag")};
    auto const known = answer("Accept-Encoding: gzip\r\nIf-None-Match: " + tag + "\r\n", serve::more_response);
    CHECK(known.status() == http::status::not_modified);

    auto const page = answer("");
    std::string const text{page.body().text()};
    auto const at = text.find("data-more=\"more.js sha256-");
    REQUIRE(at != std::string::npos);
    auto const begin = text.find(' ', at) + 1;
    auto const hash = text.substr(begin, text.find('"', begin) - begin);
    std::string const policy{page.field("content-security-policy").value_or("")};
    CHECK(policy.find("'" + hash + "'") != std::string::npos);
    CHECK(policy.find("'self'", policy.find("script-src")) > policy.find(';', policy.find("script-src")));
}
