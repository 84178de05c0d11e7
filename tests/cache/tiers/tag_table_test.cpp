// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/tiers/tag_table.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using orfeas::wall_time;
using orfeas::cache::tag_stamp;
using orfeas::cache::detail::node_epochs;
using orfeas::cache::detail::origin;
using orfeas::cache::detail::tag_table;

TEST_CASE("cache: a tag moves on with the time, and at least by one") {
    auto const epochs = std::make_unique<node_epochs>();
    tag_table tags{*epochs};
    CHECK_FALSE(tags.find(1));
    CHECK(tags.advance(1, wall_time{5us}) == 5);
    CHECK(tags.advance(1, wall_time{5us}) == 6);
    CHECK(tags.advance(1, wall_time{2us}) == 7); // the clock was set back
    CHECK(tags.advance(1, wall_time{1s}) == 1'000'000);
    CHECK(tags.find(1) == 1'000'000U);
    CHECK_FALSE(tags.find(2));
}

TEST_CASE("cache: an entry is current while all its tags are what they were") {
    auto const epochs = std::make_unique<node_epochs>();
    tag_table tags{*epochs};
    std::vector<tag_stamp> const stamps{{1, tags.advance(1, wall_time{5us})}, {2, tags.advance(2, wall_time{9us})}};
    CHECK(tags.are_current({}));
    CHECK(tags.are_current(stamps));
    tags.advance(2, wall_time{10us});
    CHECK_FALSE(tags.are_current(stamps));
    CHECK_FALSE(tags.are_current({{3, 0}})); // nobody knows
}

TEST_CASE("cache: a generation that was asked for counts while its server watches over it") {
    auto const epochs = std::make_unique<node_epochs>();
    tag_table tags{*epochs};
    tags.learn(tags.begin(1), 1, 77, epochs->now(4));
    CHECK(tags.find(1) == 77U);
    epochs->end(4);
    CHECK_FALSE(tags.find(1));
}

TEST_CASE("cache: an answer that is older than what the server told is dropped") {
    auto const epochs = std::make_unique<node_epochs>();
    tag_table tags{*epochs};
    auto const token = tags.begin(1);
    tags.forget(1); // the server tells that it has changed, before the answer is here
    tags.learn(token, 1, 77, epochs->now(0));
    CHECK_FALSE(tags.find(1));
}
