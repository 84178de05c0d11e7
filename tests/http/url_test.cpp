// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/url.hpp>

namespace http = orfeas::http;

TEST_CASE("an absolute URL is taken apart", "[http][url]") {
    auto const plain = http::parse_url("http://127.0.0.1:4318/v1/traces?x=1");
    REQUIRE(plain);
    CHECK_FALSE(plain->tls);
    CHECK(plain->host == "127.0.0.1");
    CHECK(plain->port == 4318);
    CHECK(plain->target == "/v1/traces?x=1");
    CHECK(plain->authority() == "127.0.0.1:4318");
    CHECK(to_string(*plain) == "http://127.0.0.1:4318/v1/traces?x=1");

    auto const secure = http::parse_url("HTTPS://collector.example");
    REQUIRE(secure);
    CHECK(secure->tls);
    CHECK(secure->port == 443);
    CHECK(secure->target == "/");
    CHECK(secure->authority() == "collector.example");

    auto const v6 = http::parse_url("http://[::1]:8080/a#b");
    REQUIRE(v6);
    CHECK(v6->host == "::1");
    CHECK(v6->port == 8080);
    CHECK(v6->target == "/a");
    CHECK(v6->authority() == "[::1]:8080");

    CHECK(http::parse_url("http://[::1]")->authority() == "[::1]");
    CHECK(http::parse_url("http://host?q")->target == "/?q");
}

TEST_CASE("what is no http URL is refused", "[http][url]") {
    for (char const* text : {"",
                             "/path",
                             "host/path",
                             "ftp://host/",
                             "http://",
                             "http:///path",
                             "http://host:/",
                             "http://host:0/",
                             "http://host:65536/",
                             "http://host:80x/",
                             "http://user@host/",
                             "http://user:password@host/",
                             "http://ho st/",
                             "http://host/a b",
                             "http://host/\x7f",
                             "http://host/%zz",
                             "http://host/%00",
                             "http://[::1",
                             "http://[host]/",
                             "http://[::1]x/",
                             "http://::1/",
                             "http://host\r\nx:/",
                             "http://host/\r\nx: y"}) {
        INFO(text);
        CHECK_FALSE(http::parse_url(text));
    }
}
