// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/hash_ring.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace cache = orfeas::cache;
using cache::hash_ring;
using cache::ring_member;

namespace {

std::vector<ring_member> nodes(std::size_t count, std::string const& prefix = "node-") {
    std::vector<ring_member> members;
    for (std::size_t i = 0; i < count; ++i) {
        members.push_back({prefix + std::to_string(i) + ":6379"});
    }
    return members;
}

/// The owner's name of each slot.
std::vector<std::string> owners(hash_ring const& ring) {
    std::vector<std::string> names;
    for (auto const node : ring.slots()) {
        names.push_back(ring.members()[node].name);
    }
    return names;
}

std::size_t moved(hash_ring const& from, hash_ring const& to) {
    auto const before = owners(from);
    auto const after = owners(to);
    std::size_t count = 0;
    for (std::size_t slot = 0; slot < before.size(); ++slot) {
        count += before[slot] != after[slot] ? 1U : 0U;
    }
    return count;
}

/// The definition, without the shortcut: all offers in the order of their costs.
std::vector<std::string> by_sorting_all_offers(std::vector<ring_member> members, std::size_t permille) {
    using namespace cache::detail;
    std::sort(members.begin(), members.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    std::uint64_t total = 0;
    for (auto const& each : members) {
        total += each.weight;
    }
    std::vector<std::size_t> room;
    std::vector<offer> offers;
    for (std::uint32_t i = 0; i < members.size(); ++i) {
        std::uint64_t const wanted = members[i].weight * hash_ring::slot_count * permille;
        room.push_back((wanted + total * 1'000 - 1) / (total * 1'000));
        rendezvous_node const node{orfeas::stable_hash64(members[i].name), ~std::uint64_t{0} / members[i].weight, 0};
        for (std::uint32_t slot = 0; slot < hash_ring::slot_count; ++slot) {
            offers.push_back({cost_of(hash_of_slot(slot), node), slot, i});
        }
    }
    std::sort(offers.begin(), offers.end());
    std::vector<std::string> names(hash_ring::slot_count);
    for (auto const& each : offers) {
        if (names[each.slot].empty() && room[each.node] > 0) {
            --room[each.node];
            names[each.slot] = members[each.node].name;
        }
    }
    return names;
}

} // namespace

TEST_CASE("cache: the ring's table is what taking all offers by their cost gives") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (std::size_t const count : {1U, 2U, 3U, 7U, 16U, 17U, 24U}) {
        auto members = nodes(count, std::to_string(random()));
        CHECK(owners(hash_ring{members}) == by_sorting_all_offers(members, count > 16 ? 1'000 + count - 16 : 1'000));
        for (auto& each : members) {
            each.weight = 1 + static_cast<std::uint32_t>(random() % 5);
        }
        CHECK(owners(hash_ring{members}) == by_sorting_all_offers(members, count > 16 ? 1'000 + count - 16 : 1'000));
    }
}

TEST_CASE("cache: all processes agree on the ring: these owners never change") {
    hash_ring const ring{{{"10.0.0.1:6379"}, {"10.0.0.2:6379"}, {"10.0.0.3:6379", 2}}};
    std::uint64_t digest = 0;
    for (std::size_t slot = 0; slot < ring.slots().size(); ++slot) {
        digest = orfeas::mix64(digest ^ (ring.slots()[slot] + slot));
    }
    CHECK(digest == 0xa84a25cb2215f3f7U);
    CHECK(hash_ring::hash_of("user:1000") == 0x4836ae4227b0500aU);
    CHECK(hash_ring::slot_of(hash_ring::hash_of("user:1000")) == 0x4836ae4227b0500aU >> 50);
    CHECK(ring.node_of(hash_ring::hash_of("user:1000")) == 2);
    CHECK(ring.node_of(hash_ring::hash_of("user:1001")) == 2);
    CHECK(ring.node_of(hash_ring::hash_of("mesh/7")) == 1);
}

TEST_CASE("cache: the order of the members does not matter, their names do") {
    auto members = nodes(9);
    members[4].weight = 3;
    auto const expected = owners(hash_ring{members});
    std::mt19937_64 random{1};
    for (int i = 0; i < 5; ++i) {
        std::shuffle(members.begin(), members.end(), random);
        CHECK(owners(hash_ring{members}) == expected);
    }
    CHECK(owners(hash_ring{nodes(9, "other-")}) != expected);
}

TEST_CASE("cache: a node has the slots that its weight entitles it to") {
    for (std::size_t const count : {1U, 2U, 3U, 8U, 16U}) {
        hash_ring const ring{nodes(count)};
        double const fair = 1.0 / static_cast<double>(count);
        for (std::size_t i = 0; i < count; ++i) {
            CHECK(ring.share(i) <= fair + 1.0 / hash_ring::slot_count);
            CHECK(ring.share(i) >= fair - static_cast<double>(count) / hash_ring::slot_count);
        }
    }
    hash_ring const weighted{{{"small"}, {"large", 3}, {"huge", 12}}};
    CHECK(weighted.share(0) == Approx(1.0 / 16).margin(2e-4));
    CHECK(weighted.share(1) == Approx(3.0 / 16).margin(2e-4));
    CHECK(weighted.share(2) == Approx(12.0 / 16).margin(2e-4));
    hash_ring const many{nodes(64)};
    for (std::size_t i = 0; i < 64; ++i) {
        CHECK(many.share(i) * 64 <= 1.052); // 4.8 % and the rounding
    }
}

TEST_CASE("cache: with weights alike, scaling them changes nothing") {
    auto members = nodes(6);
    auto const expected = owners(hash_ring{members});
    for (auto& each : members) {
        each.weight = cache::max_ring_weight;
    }
    hash_ring const scaled{members};
    // The costs are scaled as well, and rounded; only offers as close as that may change places.
    auto const names = owners(scaled);
    std::size_t differing = 0;
    for (std::size_t slot = 0; slot < expected.size(); ++slot) {
        differing += names[slot] != expected[slot] ? 1U : 0U;
    }
    CHECK(differing <= 20);
}

TEST_CASE("cache: a change of members moves hardly more slots than it must") {
    double worst_mean = 0;
    for (std::size_t const count : {3U, 8U, 15U, 16U}) {
        double added = 0;
        double removed = 0;
        for (int placement = 0; placement < 20; ++placement) {
            auto const prefix = "p" + std::to_string(placement) + "-";
            hash_ring const before{nodes(count, prefix)};
            hash_ring const after = before.with({"one-more:6379"});
            double const ideal = hash_ring::slot_count / static_cast<double>(count + 1);
            added += static_cast<double>(moved(before, after)) / ideal / 20;
            removed += static_cast<double>(moved(after, after.without(prefix + "1:6379"))) / ideal / 20;
        }
        INFO(count << " nodes: " << added << " when one is added, " << removed << " when one is removed");
        worst_mean = std::max({worst_mean, added, removed});
        CHECK(worst_mean <= 1.10);
    }
}

TEST_CASE("cache: only the node whose weight grows gains many slots") {
    hash_ring const before{nodes(8)};
    hash_ring const same = before.with({"node-3:6379", 1});
    CHECK(moved(before, same) == 0);
    std::vector<ring_member> tens = nodes(8);
    for (auto& each : tens) {
        each.weight = 10;
    }
    hash_ring const even{tens};
    hash_ring const grown = even.with({"node-3:6379", 20});
    double const ideal = hash_ring::slot_count * (20.0 / 90 - 1.0 / 8);
    CHECK(static_cast<double>(moved(even, grown)) <= 1.15 * ideal);
    CHECK(grown.members()[3].weight == 20);
    CHECK(grown.size() == 8);
}

TEST_CASE("cache: adding a node and removing it again gives the ring of before") {
    hash_ring const ring{nodes(5)};
    CHECK(owners(ring.with({"guest:1", 7}).without("guest:1")) == owners(ring));
}

TEST_CASE("cache: successors are all other nodes, each once, the same prefix however many are asked for") {
    hash_ring const ring{nodes(7)};
    std::mt19937_64 random{3};
    for (int i = 0; i < 200; ++i) {
        auto const hash = random();
        std::vector<std::size_t> all(20);
        REQUIRE(ring.successors(hash, all) == 6);
        all.resize(6);
        auto everyone = all;
        everyone.push_back(ring.node_of(hash));
        std::sort(everyone.begin(), everyone.end());
        std::vector<std::size_t> expected(7);
        std::iota(expected.begin(), expected.end(), std::size_t{0});
        REQUIRE(everyone == expected);
        std::vector<std::size_t> two(2);
        REQUIRE(ring.successors(hash, two) == 2);
        REQUIRE(std::equal(two.begin(), two.end(), all.begin()));
    }
    CHECK(ring.successors(1, {}) == 0);
    std::vector<std::size_t> none(1);
    CHECK(hash_ring{nodes(1)}.successors(1, none) == 0);
}

TEST_CASE("cache: the load of a lost node goes to all others, and nearly always to the first successor") {
    hash_ring const ring{nodes(8)};
    hash_ring const without = ring.without("node-2:6379");
    std::size_t lost = 0;
    std::size_t predicted = 0;
    std::vector<std::size_t> heirs(8);
    for (std::uint64_t slot = 0; slot < hash_ring::slot_count; ++slot) {
        std::uint64_t const hash = slot << 50;
        if (ring.node_of(hash) != 2) {
            continue;
        }
        std::size_t next = 0;
        ring.successors(hash, {&next, 1});
        ++lost;
        ++heirs[next];
        predicted += without.members()[without.node_of(hash)].name == ring.members()[next].name ? 1U : 0U;
    }
    CHECK(lost == 2'048);
    CHECK(predicted > lost * 9 / 10);
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK((i == 2 ? heirs[i] == 0 : heirs[i] > lost / 7 / 2));
    }
}

TEST_CASE("cache: a ring of bad members is refused with what is wrong and what to do") {
    auto const sentence = [](std::vector<ring_member> members) -> std::string {
        try {
            hash_ring const ring{std::move(members)};
        } catch (orfeas::option_error const& error) {
            return error.what();
        }
        return "accepted";
    };
    using orfeas_test::contains;
    CHECK_THAT(sentence({}), contains("number of ring members is '0'"));
    CHECK_THAT(sentence(nodes(cache::max_ring_members + 1)), contains("between 1 and 1024"));
    CHECK_THAT(sentence({{"a"}, {"b", 0}}), contains("weight of ring member b is '0'"));
    CHECK_THAT(sentence({{"a"}, {"b", 0}}), contains("leave out"));
    CHECK_THAT(sentence({{"a"}, {"b", cache::max_ring_weight + 1}}), contains("weight of ring member b"));
    CHECK_THAT(sentence({{"a"}, {"b"}, {"a"}}), contains("ring member is 'a', but must be named once"));
    CHECK_THAT(sentence({{"a"}, {""}}), contains("name of ring member 1"));
    CHECK(sentence(nodes(cache::max_ring_members)) == "accepted");

    hash_ring const ring{nodes(2)};
    CHECK_THROWS_AS(ring.without("stranger"), orfeas::option_error);
    CHECK_THROWS_AS(ring.without("node-0:6379").without("node-1:6379"), orfeas::option_error);
    CHECK_THROWS_AS(ring.with({"new", 0}), orfeas::option_error);
}

TEST_CASE("cache: the cost of an offer is an exponential variable, whatever the hash") {
    using cache::detail::log_bits;
    using cache::detail::negative_log2;
    CHECK(negative_log2(~std::uint64_t{0}) > 0);
    CHECK(negative_log2(0) == std::uint64_t{64} << log_bits);
    CHECK(negative_log2(1) == std::uint64_t{64} << log_bits);
    CHECK(negative_log2(std::uint64_t{1} << 63) == (std::uint64_t{1} << log_bits) - 0);
    std::mt19937_64 random{5};
    for (int i = 0; i < 10'000; ++i) {
        auto const hash = random() >> (random() % 40);
        double const exact = 64 - std::log2(static_cast<double>(hash | 1));
        REQUIRE(std::ldexp(static_cast<double>(negative_log2(hash)), -log_bits) == Approx(exact).margin(4e-6));
        REQUIRE(negative_log2(hash) >= negative_log2(hash + (hash >> 12) + 1));
    }
}
