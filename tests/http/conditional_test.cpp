// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/conditional.hpp>
#include <orfeas/http/head_parser.hpp>

namespace http = orfeas::http;

TEST_CASE("http: entity tags follow the content") {
    std::string const one = "one";
    std::string const two = "two";
    auto const tag_of = [](std::string const& text) { return http::etag_of(std::as_bytes(std::span{text})); };
    CHECK(tag_of(one) == tag_of(one));
    CHECK(tag_of(one) != tag_of(two));
    CHECK(tag_of(one).size() == 34);
    CHECK(tag_of(one).front() == '"');
    CHECK(http::etag_of(orfeas::digest128{1, 0xab}) == "\"000000000000000100000000000000ab\"");
}

TEST_CASE("http: If-None-Match lists are compared weakly") {
    for (auto const* list : {"\"a\"", "*", " * ", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\"", "\"x,y\" , \"a\""}) {
        CAPTURE(list);
        CHECK(http::list_matches_etag(list, "\"a\""));
        CHECK(http::list_matches_etag(list, "W/\"a\""));
    }
    for (auto const* list : {"", "a", "\"A\"", "\"a", "\"b\"", "\"b\", ", "\"aa\"", "\"b,\"a\""}) {
        CAPTURE(list);
        CHECK_FALSE(http::list_matches_etag(list, "\"a\""));
    }
}

TEST_CASE("http: only GET and HEAD are conditional") {
    CHECK(http::is_not_modified(http::make_request("GET", "/", {{"If-None-Match", "\"a\""}}), "\"a\""));
    CHECK(http::is_not_modified(http::make_request("HEAD", "/", {{"If-None-Match", "\"a\""}}), "\"a\""));
    CHECK_FALSE(http::is_not_modified(http::make_request("POST", "/", {{"If-None-Match", "\"a\""}}), "\"a\""));
    CHECK_FALSE(http::is_not_modified(http::make_request("GET", "/"), "\"a\""));
}

TEST_CASE("http: a 200 that the peer has becomes a 304 with what speaks of caching") {
    auto const asked = http::make_request("GET", "/", {{"If-None-Match", "\"a\""}});
    auto answer = http::response::text("long").set("etag", "\"a\"").set("cache-control", "no-cache").set("x", "y");
    http::apply_condition(asked, answer);
    CHECK(answer.status() == http::status::not_modified);
    CHECK(answer.body().empty());
    CHECK(answer.field("etag") == "\"a\"");
    CHECK(answer.field("cache-control") == "no-cache");
    CHECK_FALSE(answer.field("x"));
    CHECK_FALSE(answer.field("content-type"));
}

TEST_CASE("http: other answers stay as they are") {
    auto const asked = http::make_request("GET", "/", {{"If-None-Match", "\"a\""}});
    for (auto const& kept : {http::response::text("new").set("etag", "\"b\""), http::response::text("untagged"),
                             http::response{http::status::not_found}.set("etag", "\"a\"")}) {
        auto answer = kept;
        http::apply_condition(asked, answer);
        CHECK(answer.status() == kept.status());
        CHECK(answer.body().text() == kept.body().text());
    }
}
