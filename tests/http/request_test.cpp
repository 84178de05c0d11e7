// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/head_parser.hpp>
#include <orfeas/http/request.hpp>

namespace http = orfeas::http;

TEST_CASE("http: path and query are the parts of the target") {
    auto const q = http::make_request("GET", "/a/b?c=d?e&f");
    CHECK(q.target() == "/a/b?c=d?e&f");
    CHECK(q.path() == "/a/b");
    CHECK(q.query() == "c=d?e&f");
    CHECK(http::make_request("GET", "/a").query().empty());
}

TEST_CASE("http: query parameters are decoded, the first of a name first") {
    auto const q = http::make_request("GET", "/?width+mm=80&name=a%26b%3Dc&flag&name=second&=x&&e=");
    CHECK(q.parameter("width mm") == "80");
    CHECK(q.parameter("name") == "a&b=c");
    CHECK(q.parameter("flag") == "");
    CHECK(q.parameter("e") == "");
    CHECK_FALSE(q.parameter("missing"));
    CHECK(q.parameters().size() == 7);
    CHECK(q.parameters()[3] == http::parameter{"name", "second"});
    CHECK(http::make_request("GET", "/").parameters().empty());
}

TEST_CASE("http: fields are found in any case, lists over all fields of a name") {
    auto const q = http::make_request("GET", "/", {{"X-One", "1"}, {"Accept", "a, B"}, {"accept", "c"}});
    CHECK(q.field("x-one") == "1");
    CHECK(q.field("ACCEPT") == "a, B");
    CHECK_FALSE(q.field("x-two"));
    for (auto const* token : {"a", "b", "C"}) {
        CHECK(q.field_holds("Accept", token));
    }
    CHECK_FALSE(q.field_holds("Accept", "a, B"));
    CHECK(q.host() == "localhost");
}

TEST_CASE("http: a request is a value: a copy outlives the original and shares its body") {
    auto original = std::make_unique<http::request>(http::make_request("POST", "/p?q=1", {{"X", "y"}}, "content"));
    original->set_path_parameters({{"id", "7"}});
    http::request copy = *original;
    CHECK(copy.body().data() == original->body().data());
    original.reset();
    CHECK(copy.method() == "POST");
    CHECK(copy.parameter("q") == "1");
    CHECK(copy.field("x") == "y");
    CHECK(copy.path_parameter("id") == "7");
    CHECK(copy.path_parameter("other").empty());
    CHECK(copy.body_text() == "content");
    http::request const moved = std::move(copy);
    CHECK(moved.path() == "/p");

    auto const kept = moved.shared_body();
    CHECK(kept.bytes.size() == 7);
}

TEST_CASE("http: a request knows its peer and whether it asks for a WebSocket") {
    auto q = http::make_request("GET", "/", {{"Connection", "keep-alive, Upgrade"}, {"Upgrade", "WebSocket"}});
    CHECK(q.asks_for_websocket());
    CHECK_FALSE(http::make_request("GET", "/", {{"Upgrade", "websocket"}}).asks_for_websocket());
    CHECK(q.is_local());
    q.set_peer("192.0.2.1", false);
    CHECK(q.peer() == "192.0.2.1");
    CHECK_FALSE(q.is_local());
}
