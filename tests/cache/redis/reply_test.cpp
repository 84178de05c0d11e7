// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/cache/redis/reply.hpp>

#include <string_view>
#include <utility>

namespace redis = orfeas::cache::redis;

namespace {

redis::response parsed(std::string_view stream, redis::response to = {}) {
    redis::parser p;
    while (!stream.empty()) {
        auto const done = p.parse(stream, &to, nullptr);
        REQUIRE(done.state == redis::parse_state::reply);
        stream.remove_prefix(done.consumed);
    }
    return to;
}

} // namespace

TEST_CASE("redis reply: a value of another kind than was asked for reads as absent") {
    auto const r = parsed("+OK\r\n:1\r\n_\r\n*1\r\n:1\r\n");
    CHECK_FALSE(r[0].number());
    CHECK_FALSE(r[0].real());
    CHECK_FALSE(r[0].boolean());
    CHECK(r[0].size() == 0);
    CHECK_FALSE(r[0].find("OK"));
    CHECK(r[1].text().empty());
    CHECK_FALSE(r[1].string());
    CHECK_FALSE(r[2].string());
    CHECK(r[3].error_code().empty());
    CHECK_FALSE(r.first_error());
}

TEST_CASE("redis reply: replies are found behind aggregates and in order") {
    auto const r = parsed("*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n:4\r\n*0\r\n-MOVED 3999 127.0.0.1:6381\r\n");
    REQUIRE(r.size() == 4);
    CHECK(r[1].number() == 4);
    CHECK(r[2].is_aggregate());
    CHECK(r[3].error_code() == "MOVED");
    REQUIRE(r.first_error());
    CHECK(r.first_error()->text() == "MOVED 3999 127.0.0.1:6381");
    std::size_t count = 0;
    for (auto const each : r) {
        count += each.is_aggregate() ? each.size() : 1;
    }
    CHECK(count == 4);
    CHECK(r.front().size() == 2);
}

TEST_CASE("redis reply: a response is copied, moved and used again") {
    auto first = parsed("$3\r\nabc\r\n:7\r\n");
    auto const copy = first;
    auto const moved = std::move(first);
    CHECK(first.empty()); // NOLINT: what is moved from is empty
    CHECK(first.begin() == first.end());
    CHECK(copy[0].text() == "abc");
    CHECK(moved[0].text() == "abc");
    CHECK(copy[0].text().data() != moved[0].text().data());
    first = moved;
    CHECK(first[1].number() == 7);
    char const* const memory = first[0].text().data();
    first.clear();
    CHECK(first.empty());
    first = parsed("$2\r\nxy\r\n", std::move(first));
    CHECK(first.size() == 1);
    CHECK(first[0].text() == "xy");
    CHECK(first[0].text().data() == memory);
}

TEST_CASE("redis reply: the first reply can be dropped, whatever it holds") {
    auto r = parsed("*2\r\n$1\r\na\r\n*1\r\n:1\r\n+OK\r\n$2\r\nbc\r\n");
    r.drop_front();
    REQUIRE(r.size() == 2);
    CHECK(r[0].string() == "OK");
    CHECK(r[1].string() == "bc");
    r.drop_front();
    CHECK(r.front().string() == "bc");
    r.drop_front();
    CHECK(r.empty());
}
