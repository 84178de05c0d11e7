// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/redirection.hpp>

#include <string>
#include <string_view>

namespace redis = orfeas::cache::redis;
using redis::node_address;
using redis::parse_redirection;
using redis::redirection;
using redis::refusal;
using redis::refusal_of;

TEST_CASE("cache: the first word of an error tells what it means to a cluster client") {
    CHECK(refusal_of("MOVED 3999 127.0.0.1:6381") == refusal::moved);
    CHECK(refusal_of("ASK 3999 127.0.0.1:6381") == refusal::ask);
    CHECK(refusal_of("TRYAGAIN Multiple keys request during rehashing of slot") == refusal::try_again);
    CHECK(refusal_of("CLUSTERDOWN Hash slot not served") == refusal::cluster_down);
    CHECK(refusal_of("CLUSTERDOWN The cluster is down") == refusal::cluster_down);
    CHECK(refusal_of("LOADING Redis is loading the dataset in memory") == refusal::loading);
    CHECK(refusal_of("READONLY You can't write against a read only replica.") == refusal::read_only);
    CHECK(refusal_of("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.") ==
          refusal::master_down);
    for (auto const text : {"WRONGTYPE Operation against a key", "ERR MOVED", "MOVEDX 1 a:1", "ASKING", "moved 1 a:1",
                            "", " MOVED 1 a:1", "CROSSSLOT Keys in request don't hash to the same slot", "NOAUTH"}) {
        CHECK(refusal_of(text) == refusal::none);
    }
}

TEST_CASE("cache: a redirection names the slot and the node") {
    CHECK(parse_redirection("MOVED 3999 127.0.0.1:6381", "x") == redirection{3999, {"127.0.0.1", 6381}});
    CHECK(parse_redirection("ASK 0 cache-3.example:65535", "x") == redirection{0, {"cache-3.example", 65535}});
    CHECK(parse_redirection("MOVED 16383 h:1", "x") == redirection{16383, {"h", 1}});
}

TEST_CASE("cache: a redirection without a host means the host that sent it") {
    CHECK(parse_redirection("MOVED 7 :6381", "10.0.0.9") == redirection{7, {"10.0.0.9", 6381}});
    CHECK_FALSE(parse_redirection("MOVED 7 :6381", ""));
}

TEST_CASE("cache: a redirection to an IPv6 address comes with or without brackets") {
    CHECK(parse_redirection("MOVED 7 ::1:6381", "x") == redirection{7, {"::1", 6381}});
    CHECK(parse_redirection("ASK 7 [2001:db8::2]:6381", "x") == redirection{7, {"2001:db8::2", 6381}});
    CHECK(to_text(node_address{"::1", 6381}) == "[::1]:6381");
    CHECK(to_text(node_address{"a", 1}) == "a:1");
}

TEST_CASE("cache: a malformed redirection is none") {
    for (auto const text : {"MOVED",
                            "MOVED ",
                            "MOVED 1",
                            "MOVED 1 ",
                            "MOVED 16384 a:1",
                            "MOVED 65537 a:1",
                            "MOVED -1 a:1",
                            "MOVED x a:1",
                            "MOVED 1 a",
                            "MOVED 1 a:",
                            "MOVED 1 a:0",
                            "MOVED 1 a:65536",
                            "MOVED 1 a:1 ",
                            "MOVED 1 a:1x",
                            "MOVED 1  a:1",
                            "MOVED  1 a:1",
                            "MOVED 1 ?:6381",
                            "MOVED 1 a b:1",
                            "MOVED 1 a\r\n:1",
                            "MOVED 99999999999999999999 a:1",
                            "MOVED 1 []:1",
                            "MOVED +1 a:1",
                            "ASK",
                            "ASKING 1 a:1",
                            "OK 1 a:1",
                            "",
                            "MOVED\t1 a:1"}) {
        INFO(text);
        CHECK_FALSE(parse_redirection(text, "x"));
    }
}

TEST_CASE("cache: every beginning of a redirection is refused or names a valid port") {
    std::string_view const whole = "MOVED 12182 [2001:db8::17]:30004";
    for (std::size_t length = 0; length < whole.size(); ++length) {
        auto const read = parse_redirection(whole.substr(0, length), "x");
        CHECK((!read || (read->slot == 12182 && std::string_view{"30004"}.starts_with(std::to_string(read->to.port)))));
    }
}
