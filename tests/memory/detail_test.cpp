// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/detail/allocation_table.hpp>
#include <orfeas/memory/detail/by_priority.hpp>
#include <orfeas/memory/detail/listener_list.hpp>
#include <orfeas/memory/detail/peak_trend.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

using orfeas::memory::detail::allocation_table;
using orfeas::memory::detail::peak_trend;

TEST_CASE("memory: allocation table agrees with a map over random operations") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    allocation_table table;
    CHECK(table.find(512) == nullptr);
    std::map<std::uint64_t, std::uint32_t> plain;
    for (std::uint32_t step = 0; step < 20'000; ++step) {
        auto const address = (1 + random() % 3000) * 512; // dense: probe sequences run into each other
        auto* const found = table.find(address);
        REQUIRE((found != nullptr) == plain.contains(address));
        if (found != nullptr) {
            REQUIRE(found->node == plain[address]);
            table.erase(found);
            plain.erase(address);
        } else {
            table.reserve_one();
            table.insert({.address = address, .node = step});
            plain[address] = step;
        }
        REQUIRE(table.size() == plain.size());
    }
    std::size_t visited = 0;
    table.for_each([&](auto const& each) { visited += plain.at(each.address) == each.node; });
    CHECK(visited == plain.size());
}

TEST_CASE("memory: listeners are told in the order in which they were added, whichever leave in between") {
    struct listener : orfeas::memory::detail::listed<listener> {};
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::vector<listener> all(20);
    orfeas::memory::detail::listener_list<listener> list;
    std::vector<listener*> plain;
    for (int step = 0; step < 2'000; ++step) {
        auto* const one = &all[random() % all.size()];
        auto const found = std::find(plain.begin(), plain.end(), one);
        if (found == plain.end()) {
            list.add(*one);
            plain.push_back(one);
        } else {
            list.remove(*one);
            plain.erase(found);
        }
        std::vector<listener*> told;
        list.tell_all([&](listener& each) noexcept { told.push_back(&each); });
        REQUIRE(told == plain);
        REQUIRE(list.size() == plain.size());
    }
    for (auto* const each : plain) {
        list.remove(*each);
    }
}

TEST_CASE("memory: values come by priority, and those of one priority as they were added") {
    orfeas::memory::detail::by_priority<char> list;
    for (auto const& [priority, value] : {std::pair{2, 'd'}, {-1, 'a'}, {2, 'e'}, {0, 'b'}, {0, 'c'}, {7, 'f'}}) {
        list.add(priority, value);
    }
    std::vector<char> values;
    for (auto const& each : list) {
        values.push_back(each.value);
    }
    CHECK(values == std::vector<char>{'a', 'b', 'c', 'd', 'e', 'f'});
}

TEST_CASE("memory: the expected peak is far above a rising level and near one that repeats itself") {
    peak_trend trend;
    CHECK(trend.expected() == 0);
    for (std::uint64_t i = 1; i <= 1500; ++i) {
        trend.observe(i);
    }
    CHECK(trend.peak() == 1500);
    CHECK(trend.expected() == 3000 - 1023);
    for (int i = 0; i < 10'000; ++i) {
        trend.observe(500);
    }
    CHECK(trend.expected() == 1500);
}
