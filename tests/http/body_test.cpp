// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/body.hpp>

namespace http = orfeas::http;

TEST_CASE("http: a body owns a string or a vector") {
    CHECK(http::body{}.empty());
    CHECK(http::body{"text"}.text() == "text");
    CHECK(http::body{std::string(100, 'x')}.size() == 100);
    CHECK(http::body{std::vector<std::byte>(3, std::byte{'a'})}.text() == "aaa");
}

TEST_CASE("http: a body's bytes are right after a move, also when they lie within the object") {
    http::body first{"short"};
    http::body const second = std::move(first);
    CHECK(second.text() == "short");
}

TEST_CASE("http: a shared body is the same bytes in every copy, and keeps its owner") {
    auto text = std::make_shared<std::string const>(1000, 'x');
    std::weak_ptr<std::string const> const watched = text;
    void const* const data = text->data();
    auto body = std::make_unique<http::body>(std::move(text));
    http::body const copy = *body;
    body.reset();
    CHECK(copy.bytes().data() == data);
    CHECK_FALSE(watched.expired());

    auto const bytes = std::make_shared<std::vector<std::byte> const>(5);
    CHECK(http::body{http::shared_bytes::of(bytes)}.bytes().data() == bytes->data());
}
