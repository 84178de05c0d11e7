// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/detail/allocation_table.hpp>
#include <orfeas/memory/detail/peak_trend.hpp>

#include <cstdint>
#include <map>
#include <random>

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
