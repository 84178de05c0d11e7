// SPDX-License-Identifier: MIT
#include "random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/detail/tag_accounts.hpp>
#include <orfeas/memory/tag_profile.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas::memory;
using orfeas::memory::detail::tag_accounts;

TEST_CASE("memory: the account of a tag") {
    tag_table tags;
    tag_accounts accounts{tags.limit()};
    auto const weights = tags.intern("weights");
    accounts.on_allocate(weights, 1000);
    accounts.on_allocate(weights, 500);
    accounts.on_deallocate(weights, 1000, 2'000'000'000);
    accounts.on_allocate(weights, 100);
    auto const profile = accounts.profile(tags, weights);
    CHECK(profile.name == "weights");
    CHECK(profile.current_bytes == 600);
    CHECK(profile.peak_bytes == 1500);
    CHECK(profile.allocations == 2);
    CHECK(profile.allocations_total == 3);
    CHECK(profile.byte_seconds > 1999.999);
    CHECK(profile.byte_seconds < 2000.001);
    CHECK(profile.lifetimes.total() == 1);
    CHECK(profile.lifetimes[30] == 1); // 2^30 ns are 1.07 s
    CHECK_THAT(orfeas::to_json(profile), orfeas_test::contains(R"("name":"weights","current_bytes":600)"));
}

TEST_CASE("memory: a tag of another table counts as other") {
    tag_table tags{4};
    tag_accounts accounts{tags.limit()};
    accounts.on_allocate({4}, 10);
    accounts.on_allocate({65535}, 20);
    CHECK(accounts.current_bytes(other_tags) == 30);
}

TEST_CASE("memory: the tags that hold most, without memory for it") {
    tag_table tags;
    tag_accounts accounts{tags.limit()};
    CHECK(accounts.top(tags)[0].bytes == 0);
    CHECK(accounts.top(tags)[0].name().empty());
    for (auto const& [name, bytes] : {std::pair{"a", 10U}, {"b", 40U}, {"c", 20U}, {"d", 50U}, {"e", 30U}}) {
        accounts.on_allocate(tags.intern(name), bytes);
    }
    auto const top = accounts.top(tags);
    CHECK(top[0].name() == "d");
    CHECK(top[0].bytes == 50);
    CHECK(top[1].name() == "b");
    CHECK(top[2].name() == "e");

    auto const profiles = accounts.profiles(tags);
    REQUIRE(profiles.size() == 5);
    CHECK(profiles[0].name == "d");
    CHECK(profiles[4].name == "a");

    CHECK(tag_usage{std::string(100, 'x'), 1}.name() == std::string(39, 'x'));
}

TEST_CASE("memory: accounts agree with a plain model") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    struct plain {
        std::uint64_t current = 0, peak = 0, live = 0, total = 0;
    };
    struct allocation {
        std::uint16_t tag;
        std::uint64_t bytes;
    };
    tag_table tags{10};
    tag_accounts accounts{tags.limit()};
    std::array<plain, 10> model{};
    std::vector<allocation> live;
    for (int name = 0; name < 20; ++name) {
        tags.intern(std::to_string(name));
    }
    for (int i = 0; i < 5000; ++i) {
        if (live.empty() || random() % 2 == 0) {
            allocation const next{static_cast<std::uint16_t>(random() % 10),
                                  orfeas_test::log_uniform(random, 1U << 20U)};
            accounts.on_allocate({next.tag}, next.bytes);
            auto& m = model[next.tag];
            m.current += next.bytes;
            m.peak = std::max(m.peak, m.current);
            ++m.live;
            ++m.total;
            live.push_back(next);
        } else {
            auto const at = random() % live.size();
            accounts.on_deallocate({live[at].tag}, live[at].bytes, random() % 1'000'000);
            model[live[at].tag].current -= live[at].bytes;
            --model[live[at].tag].live;
            live[at] = live.back();
            live.pop_back();
        }
    }
    for (std::uint16_t tag = 0; tag < 10; ++tag) {
        auto const profile = accounts.profile(tags, {tag});
        CHECK(profile.current_bytes == model[tag].current);
        CHECK(profile.peak_bytes == model[tag].peak);
        CHECK(profile.allocations == model[tag].live);
        CHECK(profile.allocations_total == model[tag].total);
        CHECK(profile.lifetimes.total() == model[tag].total - model[tag].live);
    }
    auto const sorted = accounts.profiles(tags);
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        CHECK(sorted[i - 1].current_bytes >= sorted[i].current_bytes);
    }
}
