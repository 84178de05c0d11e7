// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/redis/cluster_slots.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace redis = orfeas::cache::redis;
using redis::cluster_slots;
using redis::node_address;
using redis::slot_of_key;
using redis::slot_range;

namespace {

node_address at(std::uint16_t port) {
    return {"127.0.0.1", port};
}

std::vector<slot_range> three_shards() {
    return {{0, 5460, at(7000), {at(7003)}}, {5461, 10922, at(7001), {at(7004)}}, {10923, 16383, at(7002), {at(7005)}}};
}

} // namespace

TEST_CASE("cache: the checksum of a text of any length is that of the definition, bit by bit") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (std::size_t length = 0; length < 200; ++length) {
        std::string text;
        unsigned expected = 0;
        for (std::size_t i = 0; i < length; ++i) {
            text.push_back(static_cast<char>(random()));
            expected ^= static_cast<unsigned>(static_cast<unsigned char>(text.back())) << 8;
            for (int bit = 0; bit < 8; ++bit) {
                expected = ((expected & 0x8000U) != 0 ? (expected << 1) ^ 0x1021U : expected << 1) & 0xffffU;
            }
        }
        REQUIRE(redis::crc16(text) == expected);
    }
}

TEST_CASE("cache: slots of keys are those of the cluster specification") {
    static_assert(redis::crc16("123456789") == 0x31c3); // the check value that the specification names
    CHECK(slot_of_key("123456789") == 0x31c3 % 16384);
    CHECK(slot_of_key("foo") == 12182); // as a server answers CLUSTER KEYSLOT
    CHECK(slot_of_key("bar") == 5061);
    CHECK(slot_of_key("hello") == 866);
    CHECK(slot_of_key("") == 0);
    CHECK(slot_of_key(std::string{"\xff\0\x80", 3}) < 16384);
}

TEST_CASE("cache: of a key with a tag, the tag alone decides") {
    CHECK(redis::hash_tag("{user1000}.following") == "user1000");
    CHECK(slot_of_key("{user1000}.following") == slot_of_key("{user1000}.followers"));
    CHECK(slot_of_key("a{foo}b") == 12182);
    CHECK(redis::hash_tag("foo{}{bar}") == "foo{}{bar}"); // an empty first tag: the whole key
    CHECK(redis::hash_tag("foo{{bar}}zap") == "{bar");
    CHECK(redis::hash_tag("foo{bar}{zap}") == "bar");
    CHECK(redis::hash_tag("foo{bar") == "foo{bar");
    CHECK(redis::hash_tag("foo}bar{") == "foo}bar{");
    CHECK(redis::hash_tag("}{a}") == "a");
    CHECK(redis::hash_tag("{") == "{");
    CHECK(redis::hash_tag("{}") == "{}");
}

TEST_CASE("cache: the map knows primary and replicas of each slot") {
    auto const map = cluster_slots::from(three_shards(), "x");
    REQUIRE(map);
    CHECK(map->covered() == 16384);
    CHECK(map->nodes().size() == 6);
    REQUIRE(map->shard_of(5461) != nullptr);
    CHECK(map->node(map->shard_of(0)->primary) == at(7000));
    CHECK(map->node(map->shard_of(5460)->primary) == at(7000));
    CHECK(map->node(map->shard_of(5461)->primary) == at(7001));
    CHECK(map->node(map->shard_of(16383)->replicas.at(0)) == at(7005));
}

TEST_CASE("cache: slots that nobody serves have no shard") {
    CHECK(cluster_slots{}.covered() == 0);
    CHECK(cluster_slots{}.shard_of(0) == nullptr);
    auto const none = cluster_slots::from({}, "x");
    REQUIRE(none);
    CHECK(none->covered() == 0);
    std::vector<slot_range> const gap{{1, 1, at(7000), {}}, {16383, 16383, at(7000), {}}};
    auto const map = cluster_slots::from(gap, "x");
    REQUIRE(map);
    CHECK(map->covered() == 2);
    CHECK(map->shard_of(0) == nullptr);
    CHECK(map->shard_of(1) == map->shard_of(16383)); // two ranges of one shard
    CHECK(map->shards().size() == 1);
}

TEST_CASE("cache: the server that was asked lends its host to nodes without one") {
    std::vector<slot_range> const ranges{{0, 16383, {"", 7000}, {{"", 7001}, {"?", 7002}, at(7000), {"", 7001}}}};
    auto const map = cluster_slots::from(ranges, "10.0.0.9");
    REQUIRE(map);
    CHECK(map->node(map->shard_of(0)->primary) == node_address{"10.0.0.9", 7000});
    CHECK(map->shard_of(0)->replicas.size() == 2); // the one that nobody can reach is left out, the double is one
}

TEST_CASE("cache: a description that contradicts itself is refused") {
    using ranges = std::vector<slot_range>;
    CHECK_FALSE(cluster_slots::from(ranges{{5, 4, at(7000), {}}}, "x"));
    CHECK_FALSE(cluster_slots::from(ranges{{0, 16384, at(7000), {}}}, "x"));
    CHECK_FALSE(cluster_slots::from(ranges{{0, 65535, at(7000), {}}}, "x"));
    CHECK_FALSE(cluster_slots::from(ranges{{0, 10, at(7000), {}}, {10, 20, at(7001), {}}}, "x"));
    CHECK_FALSE(cluster_slots::from(ranges{{0, 10, {"a", 0}, {}}}, "x"));
    CHECK_FALSE(cluster_slots::from(ranges{{0, 10, {"?", 1}, {}}}, "x"));
    CHECK_FALSE(cluster_slots::from(ranges{{0, 10, {"", 1}, {}}}, ""));
    CHECK_FALSE(cluster_slots::from(ranges{{0, 10, at(1), std::vector<node_address>(5'000, at(2))}}, "x"));
}

TEST_CASE("cache: a moved slot goes to a known shard with its replicas, or to a new node, and the others stay") {
    auto map = cluster_slots::from(three_shards(), "x");
    REQUIRE(map);
    map->move(100, at(7002));
    CHECK(map->node(map->shard_of(100)->primary) == at(7002));
    CHECK(map->shard_of(100)->replicas.size() == 1);
    CHECK(map->node(map->shard_of(99)->primary) == at(7000));
    map->move(101, at(7777));
    CHECK(map->node(map->shard_of(101)->primary) == at(7777));
    CHECK(map->shard_of(101)->replicas.empty());
    CHECK(map->nodes().size() == 7);
    CHECK(map->node(0) == at(7000)); // indices stay
    cluster_slots empty;
    empty.move(5, at(1));
    CHECK(empty.covered() == 1);
    for (std::uint32_t i = 0; i < 2 * cluster_slots::max_nodes; ++i) {
        empty.move(7, {"host-" + std::to_string(i), 1});
    }
    CHECK(empty.nodes().size() == cluster_slots::max_nodes);
    CHECK(empty.node(empty.shard_of(7)->primary).host.starts_with("host-"));
}
