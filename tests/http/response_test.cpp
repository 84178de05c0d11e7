// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/response.hpp>

namespace http = orfeas::http;

TEST_CASE("http: a response is 200 without a body unless told otherwise") {
    http::response const answer;
    CHECK(answer.status() == http::status::ok);
    CHECK(answer.body().empty());
    CHECK(answer.fields().empty());
}

TEST_CASE("http: setters chain on temporaries and on named responses") {
    auto made = http::response{http::status::created}.content("model/stl", "solid").set("etag", "\"1\"").add("x", "1");
    made.add("x", "2").set("etag", "\"2\"").content("model/gltf", "glTF");
    CHECK(made.status() == http::status::created);
    CHECK(made.field("Content-Type") == "model/gltf");
    CHECK(made.field("etag") == "\"2\"");
    CHECK(made.fields().size() == 4);
    CHECK(made.body().text() == "glTF");
}

TEST_CASE("http: text, JSON and HTML name their types") {
    CHECK(http::response::text("a").field("content-type") == "text/plain; charset=utf-8");
    CHECK(http::response::json("{}").field("content-type") == "application/json");
    CHECK(http::response::html("<p>").field("content-type") == "text/html; charset=utf-8");
}
