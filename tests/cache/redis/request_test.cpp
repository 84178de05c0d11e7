// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/request.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace redis = orfeas::cache::redis;
using namespace std::string_view_literals;

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
