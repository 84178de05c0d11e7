// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/cluster_directory.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace redis = orfeas::cache::redis;
using namespace std::chrono_literals;
using numbers = std::vector<redis::node_number>;

namespace {

using directory = redis::cluster_directory<int>;
orfeas::monotonic_time const start{1h};

redis::node_address node(int port) {
    return {"10.0.0.1", static_cast<std::uint16_t>(port)};
}

redis::cluster_slots map(std::vector<redis::slot_range> const& ranges) {
    auto made = redis::cluster_slots::from(ranges, "10.0.0.1");
    REQUIRE(made);
    return std::move(*made);
}

} // namespace

TEST_CASE("redis cluster directory: it knows nothing in the beginning") {
    directory const d;
    CHECK(d.size() == 0);
    CHECK_FALSE(d.has_map());
    CHECK_FALSE(d.primary_of(0));
    CHECK_FALSE(d.reader_of(0, 0, [](redis::node_number) { return true; }));
    CHECK(d.primaries().empty());
}

TEST_CASE("redis cluster directory: nodes keep their numbers from map to map") {
    directory d;
    CHECK(d.replace(map({{0, 99, node(1), {node(2)}}, {100, 16'383, node(3), {}}}), start) == 16'384);
    CHECK(d.has_map());
    CHECK(d.covered() == 16'384);
    CHECK(d.size() == 3);
    CHECK(d.primary_of(0) == 0U);
    CHECK(d.primary_of(100) == 2U);
    CHECK(d.primaries() == numbers{0, 2});

    CHECK(d.replace(map({{100, 16'383, node(3), {}}, {0, 99, node(2), {node(4)}}}), start) == 100);
    CHECK(d.size() == 4);
    CHECK(d[1].address == node(2));
    CHECK(d.primaries() == numbers{1, 2});
    CHECK_FALSE(d[0].is_primary);
    CHECK_FALSE(d[0].is_in_map);
    CHECK(d[1].is_primary);
    CHECK(d[3].is_in_map);
    CHECK(d.number_of(node(1), start) == 0);
    CHECK(d.number_of(node(9), start) == 4);
    CHECK(d.replace(map({{0, 99, node(2), {}}, {100, 16'383, node(3), {}}}), start) == 0);
}

TEST_CASE("redis cluster directory: a slot that has moved is its new node's at once, known or not") {
    directory d;
    d.replace(map({{0, 16'383, node(1), {}}}), start);
    d.move({7, node(2)}, start);
    CHECK(d.primary_of(7) == 1U);
    CHECK(d.primary_of(8) == 0U);
    CHECK(d[1].is_primary);
    CHECK(d.primaries() == numbers{0, 1});
    d.number_of(node(3), start);
    d.move({8, node(3)}, start);
    CHECK(d.primary_of(8) == 2U);
}

TEST_CASE("redis cluster directory: reads take turns among the replicas that are fit") {
    directory d;
    d.replace(map({{0, 16'383, node(1), {node(2), node(3)}}}), start);
    auto const all = [](redis::node_number) { return true; };
    auto const none = [](redis::node_number) { return false; };
    CHECK(d.reader_of(0, 0, all) == 1U);
    CHECK(d.reader_of(0, 1, all) == 2U);
    CHECK(d.reader_of(0, 2, all) == 1U);
    CHECK(d.reader_of(0, 0, [](redis::node_number each) { return each != 1; }) == 2U);
    CHECK(d.reader_of(0, 0, none) == 0U);
}

TEST_CASE("redis cluster directory: the links of nodes that left are taken away after a while") {
    directory d;
    d.replace(map({{0, 9, node(1), {}}, {10, 16'383, node(2), {}}}), start);
    d[0].link = std::make_shared<int>(0);
    d[1].link = std::make_shared<int>(1);
    d.replace(map({{0, 16'383, node(2), {}}}), start + 10s);
    CHECK(d.take_departed(start + 59s, 60s).empty());
    d.replace(map({{0, 16'383, node(2), {}}}), start + 59s);
    auto const gone = d.take_departed(start + 60s, 60s);
    REQUIRE(gone.size() == 1);
    CHECK(*gone.front() == 0);
    CHECK(d[0].link == nullptr);
    CHECK(d[0].links == 1);
    CHECK(d[1].link != nullptr);
    CHECK(d.take_departed(start + 1h, 60s).empty());
}
