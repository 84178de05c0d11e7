// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/handshake.hpp>
#include <orfeas/cache/redis/parser.hpp>

#include <string>
#include <string_view>

namespace redis = orfeas::cache::redis;

namespace {

std::string greeting(redis::endpoint const& server, std::string_view name) {
    redis::request r;
    redis::append_greeting(r, server, name);
    REQUIRE(r.is_complete());
    return std::string{r.bytes()};
}

std::optional<redis::greeting_refusal> judged(std::string_view stream) {
    redis::parser p;
    redis::response to;
    while (!stream.empty()) {
        auto const done = p.parse(stream, &to, nullptr);
        REQUIRE(done.state == redis::parse_state::reply);
        stream.remove_prefix(done.consumed);
    }
    return redis::judge_greeting(to);
}

constexpr std::string_view hello = "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n";

} // namespace

TEST_CASE("redis handshake: it says no more than is needed") {
    CHECK(greeting({}, "") == "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
    CHECK(greeting({.database = 4}, "me") == "*4\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$7\r\nSETNAME\r\n$2\r\nme\r\n"
                                             "*2\r\n$6\r\nSELECT\r\n$1\r\n4\r\n");
    CHECK(greeting({.password = "p w"}, "") ==
          "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$3\r\np w\r\n");
    CHECK(greeting({.user = "ann", .password = "p"}, "") ==
          "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$1\r\np\r\n");
}

TEST_CASE("redis handshake: what the server answers is told apart") {
    CHECK_FALSE(judged(hello));
    CHECK_FALSE(judged(std::string{hello} + "+OK\r\n"));
    auto why = [](std::string_view stream) { return judged(stream).value().why; };
    using redis::error;
    CHECK(why("-WRONGPASS invalid username-password pair or user is disabled.\r\n") == error::authentication_refused);
    CHECK(why("-NOAUTH HELLO must be called with the client already authenticated\r\n") ==
          error::authentication_refused);
    CHECK(why("-DENIED Redis is running in protected mode\r\n") == error::authentication_refused);
    CHECK(why("-ERR unknown command `HELLO`, with args beginning with: `3`\r\n") == error::unsupported_server);
    CHECK(why("-NOPROTO unsupported protocol version\r\n") == error::unsupported_server);
    CHECK(why("-ERR max number of clients reached\r\n") == error::set_up_refused);
    CHECK(why("+OK\r\n") == error::unsupported_server);
    CHECK(why("%1\r\n$5\r\nproto\r\n:2\r\n") == error::unsupported_server);
    CHECK(why(std::string{hello} + "-ERR DB index is out of range\r\n") == error::set_up_refused);
    CHECK(why(std::string{hello} + "+OK\r\n-NOPERM this user has no permissions to run 'client'\r\n") ==
          error::authentication_refused);
    CHECK(judged("-ERR max number of clients reached\r\n")->words == "ERR max number of clients reached");
}
