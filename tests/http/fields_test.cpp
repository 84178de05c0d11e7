// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/fields.hpp>

namespace http = orfeas::http;

TEST_CASE("http: fields are found without regard to case, the first of a name first") {
    http::fields fields;
    fields.add("Set-Cookie", "a=1");
    fields.add("set-cookie", "b=2");
    CHECK(fields.size() == 2);
    CHECK(fields.find("SET-COOKIE") == "a=1");
    CHECK_FALSE(fields.find("cookie"));
    fields.set("Set-cookie", "  c=3\t");
    CHECK(fields.size() == 1);
    CHECK(fields.find("set-cookie") == "c=3");
    CHECK(fields.erase("SET-COOKIE") == 1);
    CHECK(fields.empty());
    CHECK(fields.erase("SET-COOKIE") == 0);
}

TEST_CASE("http: what would split an answer does not become a field") {
    http::fields fields;
    using namespace std::string_view_literals;
    for (auto const value : {"a\r\nx: y"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, "\x7f"sv}) {
        CHECK_THROWS_AS(fields.add("x", value), std::invalid_argument);
    }
    for (auto const name : {""sv, "a b"sv, "a:"sv, "a\r\n"sv, "\xc3\xa9"sv}) {
        CHECK_THROWS_AS(fields.add(name, "x"), std::invalid_argument);
    }
    CHECK(fields.empty());
    CHECK_NOTHROW(fields.add("x", "\ttabs, spaces and bytes above 127: \xc3\xa9"));
}
