// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/cache/redis/primary_search.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

using namespace std::chrono_literals;
namespace redis = orfeas::cache::redis;
using redis::search_action;

namespace {

redis::response reply(std::string_view bytes) {
    redis::response kept;
    redis::parser parser;
    REQUIRE(parser.parse(bytes, &kept, nullptr).state == redis::parse_state::reply);
    return kept;
}

auto address_in(std::string_view bytes) {
    auto const kept = reply(bytes);
    return redis::primary_address_of(kept.front());
}

bool is_primary(std::string_view bytes) {
    auto const kept = reply(bytes);
    return redis::is_primary_role(kept.front());
}

redis::server_address at(std::uint16_t port) {
    return {"10.0.0.1", port};
}

redis::primary_search search_of(std::size_t sentinels) {
    return {sentinels, 5s, 20ms, 500ms, 1};
}

} // namespace

TEST_CASE("redis primary_search: a Sentinel's answer is an address or nothing") {
    CHECK(address_in("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n") == redis::server_address{"127.0.0.1", 6380});
    CHECK(address_in("*2\r\n$3\r\n::1\r\n$5\r\n65535\r\n") == redis::server_address{"::1", 65'535});
    CHECK_FALSE(address_in("_\r\n")); // it knows no primary of this name
    CHECK_FALSE(address_in("*-1\r\n"));
    CHECK_FALSE(address_in("-NOAUTH Authentication required.\r\n"));
    CHECK_FALSE(address_in("*2\r\n$1\r\na\r\n$5\r\n65536\r\n"));
    CHECK_FALSE(address_in("*2\r\n$1\r\na\r\n$1\r\n0\r\n"));
    CHECK_FALSE(address_in("*2\r\n$0\r\n\r\n$1\r\n1\r\n"));
    CHECK_FALSE(address_in("*1\r\n$1\r\na\r\n"));
    CHECK_FALSE(address_in("*2\r\n$1\r\na\r\n$2\r\n1x\r\n"));
}

TEST_CASE("redis primary_search: ROLE is that of a primary or not") {
    CHECK(is_primary("*3\r\n$6\r\nmaster\r\n:10\r\n*0\r\n"));
    CHECK_FALSE(is_primary("*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:1\r\n"));
    CHECK_FALSE(is_primary("*2\r\n$8\r\nsentinel\r\n*0\r\n"));
    CHECK_FALSE(is_primary("-NOPERM\r\n"));
    CHECK_FALSE(is_primary("*0\r\n"));
    CHECK_FALSE(is_primary("$6\r\nmaster\r\n"));
}

TEST_CASE("redis primary_search: the first Sentinel that knows is believed once the server agrees") {
    auto search = search_of(3);
    auto step = search.begin();
    CHECK(step.action == search_action::ask);
    CHECK(step.sentinel == 0);
    step = search.on_address(std::nullopt);
    CHECK(step.action == search_action::ask);
    CHECK(step.sentinel == 1);
    step = search.on_address(at(1));
    CHECK(step.action == search_action::verify);
    CHECK(step.address == at(1));
    step = search.on_role(true);
    CHECK(step.action == search_action::found);
    CHECK(step.address == at(1));
    CHECK(step.wait == 5s);
    CHECK(search.begin().sentinel == 1); // the one that knew
}

TEST_CASE("redis primary_search: a server that is none sends the question to the next Sentinel, later and later") {
    auto search = search_of(2);
    std::size_t expected = 0;
    std::chrono::nanoseconds longest{0};
    for (int round = 0; round < 12; ++round) {
        CHECK(search.begin().sentinel == expected);
        CHECK(search.on_address(at(1)).action == search_action::verify);
        auto const step = search.on_role(false);
        CHECK(step.action == search_action::wait);
        CHECK(step.wait <= 500ms);
        longest = std::max(longest, step.wait);
        expected = 1 - expected;
    }
    CHECK(longest >= 250ms);
    search.begin();
    search.on_address(at(2));
    CHECK(search.on_role(true).action == search_action::found);
    search.begin();
    search.on_address(at(2));
    CHECK(search.on_role(false).wait <= 20ms); // from the beginning again
}

TEST_CASE("redis primary_search: without any Sentinel the last primary is good as long as it says so") {
    auto search = search_of(2);
    search.begin();
    CHECK(search.on_address(std::nullopt).sentinel == 1);
    CHECK(search.on_address(std::nullopt).action == search_action::wait); // there is no last one
    search.begin();
    search.on_address(at(1));
    search.on_role(true);
    search.begin();
    search.on_address(std::nullopt);
    auto const step = search.on_address(std::nullopt);
    CHECK(step.action == search_action::verify);
    CHECK(step.address == at(1));
    CHECK(search.on_role(true).action == search_action::found);
}
