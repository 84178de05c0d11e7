// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/head_parser.hpp>
#include <orfeas/serve/page.hpp>

#include <string>

using namespace orfeas;

namespace {

http::response answer(std::string const& fields) {
    http::request q;
    auto const parsed = http::head_parser{}.parse("GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n", q);
    REQUIRE(parsed.outcome == http::head_parser::state::complete);
    return serve::page_response(q);
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
