// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/cache/redis/slot_ranges.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redis = orfeas::cache::redis;

namespace {

std::optional<std::vector<redis::slot_range>> read(std::string_view stream) {
    redis::response to;
    redis::parser p;
    auto const done = p.parse(stream, &to, nullptr);
    REQUIRE(done.state == redis::parse_state::reply);
    REQUIRE(done.consumed == stream.size());
    return redis::read_slot_ranges(to.front());
}

std::string array(std::vector<std::string> const& elements) {
    std::string all = "*" + std::to_string(elements.size()) + "\r\n";
    for (auto const& each : elements) {
        all += each;
    }
    return all;
}

std::string number(long value) {
    return ":" + std::to_string(value) + "\r\n";
}

std::string text(std::string const& value) {
    return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

} // namespace

TEST_CASE("redis slot ranges: an answer of Redis 7 is read, replicas, metadata and unknown hosts included") {
    auto const id = text("09dbe9720cda62f7865eabc5fd8857c5d2678366");
    auto const metadata = array({text("hostname"), text("a.example")});
    auto const ranges = read(array({
        array({number(0), number(5460), array({text("10.0.0.1"), number(7000), id, metadata}),
               array({text("10.0.0.2"), number(7001), id, array({})})}),
        array({number(5461), number(16383), array({"_\r\n", number(7002), id, array({})})}),
    }));
    REQUIRE(ranges);
    REQUIRE(ranges->size() == 2);
    auto const& first = ranges->front();
    CHECK(first.first == 0);
    CHECK(first.last == 5460);
    CHECK(first.primary == redis::node_address{"10.0.0.1", 7000});
    CHECK(first.replicas == std::vector<redis::node_address>{{"10.0.0.2", 7001}});
    CHECK(ranges->back().primary == redis::node_address{"", 7002});
    CHECK(ranges->back().replicas.empty());
}

TEST_CASE("redis slot ranges: a cluster that serves nothing has none") {
    auto const ranges = read("*0\r\n");
    REQUIRE(ranges);
    CHECK(ranges->empty());
}

TEST_CASE("redis slot ranges: what is of another form is refused") {
    auto const node = array({text("a"), number(1)});
    for (auto const& answer : {
             std::string{"-ERR This instance has cluster support disabled\r\n"},
             std::string{"+OK\r\n"},
             array({number(1)}),
             array({array({number(0), number(1)})}),
             array({array({number(-1), number(1), node})}),
             array({array({number(0), number(16384), node})}),
             array({array({text("0"), number(1), node})}),
             array({array({number(0), number(1), text("a:1")})}),
             array({array({number(0), number(1), array({text("a")})})}),
             array({array({number(0), number(1), array({text("a"), number(65536)})})}),
         }) {
        INFO(answer);
        CHECK_FALSE(read(answer));
    }
}

TEST_CASE("redis slot ranges: a replica that cannot be read is left out") {
    auto const node = array({text("a"), number(1)});
    auto const ranges = read(array({array({number(0), number(1), node, text("?"), node})}));
    REQUIRE(ranges);
    CHECK(ranges->front().replicas.size() == 1);
}
