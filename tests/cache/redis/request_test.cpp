// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/request.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace redis = orfeas::cache::redis;
using namespace std::string_view_literals;

namespace {

/// Whether it ends the program, tried in another process.
template<class Action>
bool ends_program(Action act) {
    pid_t const child = ::fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        ::close(STDERR_FILENO);
        act();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/// Whether a command is refused; in each of the three ways to give it.
template<class... Words>
bool is_refused(std::string const& name, Words const&... words) {
    auto const whole = [&] {
        redis::request r;
        r.append(name, words...);
    };
    auto const list = [&] {
        redis::request r;
        r.append_list(std::vector<std::string>{"last"}, name, words...);
    };
    auto const piecemeal = [&] {
        redis::request r;
        r.begin(1 + sizeof...(words));
        r.add(name);
        (r.add(words), ...);
    };
    bool const is_it = ends_program(whole);
    CHECK(ends_program(list) == is_it);
    CHECK(ends_program(piecemeal) == is_it);
    return is_it;
}

} // namespace

TEST_CASE("redis request: a command is an array of bulk strings") {
    redis::request r;
    r.append("SET", "key", std::string{"value"}, "PX", 60'000);
    CHECK(r.bytes() == "*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n$2\r\nPX\r\n$5\r\n60000\r\n");
    CHECK(r.commands() == 1);
}

TEST_CASE("redis request: every byte is allowed in every argument") {
    redis::request r;
    std::array const raw{std::byte{0}, std::byte{13}, std::byte{10}, std::byte{255}};
    r.append("SET", "a\r\n\0b"sv, raw);
    CHECK(r.bytes() == "*3\r\n$3\r\nSET\r\n$5\r\na\r\n\0b\r\n$4\r\n\0\r\n\xff\r\n"sv);
    r.clear();
    r.append("SET", "", std::vector<std::byte>{});
    CHECK(r.bytes() == "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\n");
}

TEST_CASE("redis request: whole numbers of every width go out as digits") {
    redis::request r;
    r.append("X", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::uint64_t>::max(), std::int8_t{-1},
             std::uint8_t{255}, 0);
    CHECK(r.bytes() == "*6\r\n$1\r\nX\r\n$20\r\n-9223372036854775808\r\n$20\r\n18446744073709551615\r\n$2\r\n-1\r\n"
                       "$3\r\n255\r\n$1\r\n0\r\n");
}

TEST_CASE("redis request: lengths and counts of several digits") {
    redis::request r;
    std::vector<std::string> const keys(12, std::string(1234, 'k'));
    r.append_list(keys, "MGET");
    std::string expected = "*13\r\n$4\r\nMGET\r\n";
    for (auto const& key : keys) {
        expected += "$1234\r\n" + key + "\r\n";
    }
    CHECK(r.bytes() == expected);
}

TEST_CASE("redis request: commands follow each other, and requests too") {
    redis::request r;
    r.append("PING");
    r.begin(2);
    CHECK_FALSE(r.is_complete());
    r.add("GET");
    r.add("k");
    CHECK(r.is_complete());
    redis::request all;
    all.append("MULTI");
    all.append(r);
    CHECK(all.commands() == 3);
    CHECK(all.bytes() == "*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    all.clear();
    CHECK(all.empty());
    CHECK(all.bytes().empty());
}

TEST_CASE("redis request: a command without exactly one reply is a bug") {
    for (auto const name : {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
                            "subscribe", "Monitor", "SYNC", "PSYNC", "RESET"}) {
        CHECK(redis::detail::is_for_own_connection(name));
    }
    for (auto const name : {"GET", "SET", "MGET", "PUBLISH", "SPUBLISH", "PUBSUB", "ECHO", "PERSIST", "SMEMBERS",
                            "SINTERSTORE", "CLIENT", "MONITORS", "SUBSCRIBE "}) {
        CHECK_FALSE(redis::detail::is_for_own_connection(name));
    }
    CHECK(is_refused("subscribe", "news"));
    CHECK(is_refused("MONITOR"));
    CHECK(is_refused("CLIENT", "REPLY", "OFF"));
    CHECK(is_refused("client", "reply", "skip"));
    CHECK_FALSE(is_refused("CLIENT", "TRACKING", "ON"));
    CHECK_FALSE(is_refused("GET", "SUBSCRIBE"));
    CHECK_FALSE(is_refused("ECHO", "REPLY"));

    redis::request r; // a name is a name wherever it stands
    r.append("CLIENT");
    r.append("REPLY", "x");
    r.append("GET", "MONITOR");
    CHECK(r.commands() == 3);
}
