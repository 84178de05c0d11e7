// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/endpoint.hpp>

#include <string>

using orfeas::cache::redis::endpoint;
using orfeas::cache::redis::parse_endpoint;
using orfeas::cache::redis::to_text;

TEST_CASE("redis endpoint: every part of a URL is read") {
    CHECK(parse_endpoint("redis://localhost") == endpoint{.host = "localhost"});
    CHECK(parse_endpoint("redis://10.0.0.7:7000/") == endpoint{.host = "10.0.0.7", .port = 7000});
    CHECK(parse_endpoint("rediss://cache.example:6380/3") ==
          endpoint{.host = "cache.example", .port = 6380, .database = 3, .tls = true});
    CHECK(parse_endpoint("redis://:secret@h") == endpoint{.host = "h", .password = "secret"});
    CHECK(parse_endpoint("redis://ann:secret@h:1/2") ==
          endpoint{.host = "h", .port = 1, .user = "ann", .password = "secret", .database = 2});
    CHECK(parse_endpoint("redis://[::1]:6379/1") == endpoint{.host = "::1", .database = 1});
    CHECK(parse_endpoint("redis://[fe80::1]") == endpoint{.host = "fe80::1"});
    CHECK(parse_endpoint("redis://a%3ab:p%40s%2fs%25@h") == endpoint{.host = "h", .user = "a:b", .password = "p@s/s%"});
    CHECK(parse_endpoint("redis://u:p@w@h") == endpoint{.host = "h", .user = "u", .password = "p@w"});
    CHECK(parse_endpoint("redis://u:p?#w@h") == endpoint{.host = "h", .user = "u", .password = "p?#w"});
}

TEST_CASE("redis endpoint: what is wrong is refused with a sentence that holds no secret") {
    for (std::string const bad : {"",
                                  "localhost",
                                  "http://localhost",
                                  "redis:/localhost",
                                  "redis://",
                                  "redis://:secret@",
                                  "redis://h:",
                                  "redis://h:0",
                                  "redis://h:65536",
                                  "redis://h:12x",
                                  "redis://h:-1",
                                  "redis://h/x",
                                  "redis://h/1/2",
                                  "redis://h/-1",
                                  "redis://[::1",
                                  "redis://[]",
                                  "redis://::1",
                                  "redis://[::1]x",
                                  "redis://u:secret%4@h",
                                  "redis://u:secret%zz@h",
                                  "redis://u:secret@h:port",
                                  "redis://h?db=1",
                                  "redis://h#f",
                                  "redis://a b",
                                  "redis://h%0d%0a",
                                  "redis://ann@h",
                                  "redis://ann:secret",
                                  "secret:secret",
                                  "redis://[::1]:secret"}) {
        INFO("url " << bad);
        try {
            parse_endpoint(bad, "l2");
            FAIL_CHECK("it was taken");
        } catch (orfeas::option_error const& e) {
            CHECK_THAT(e.what(), !orfeas_test::contains("secret"));
            CHECK_THAT(e.what(), orfeas_test::contains("l2 is"));
        }
    }
}

TEST_CASE("redis endpoint: its text names the node and nothing else") {
    CHECK(to_text({.host = "h", .port = 1, .user = "u", .password = "p"}) == "h:1");
    CHECK(to_text({.host = "::1"}) == "[::1]:6379");
}
