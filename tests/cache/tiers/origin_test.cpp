// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/tiers/origin.hpp>

#include <memory>

using orfeas::cache::detail::node_epochs;
using orfeas::cache::detail::origin;

TEST_CASE("cache: entries of an epoch that has ended are out of date, those of other nodes are not") {
    auto const epochs = std::make_unique<node_epochs>();
    origin const a = epochs->now(0);
    origin const b = epochs->now(1);
    CHECK(epochs->is_current(a));
    epochs->end(0);
    CHECK_FALSE(epochs->is_current(a));
    CHECK(epochs->is_current(b));
    CHECK(epochs->is_current(epochs->now(0)));
    CHECK(epochs->ended() == 1);
}

TEST_CASE("cache: what needs no watch is always current, what has none never is") {
    auto const epochs = std::make_unique<node_epochs>();
    CHECK(epochs->is_current(origin{}));
    CHECK_FALSE(epochs->is_current(origin{origin::unknown, 0}));
    epochs->end(7);
    CHECK(epochs->is_current(origin{}));
}

TEST_CASE("cache: nodes that share a counter end each other's epochs") {
    auto const epochs = std::make_unique<node_epochs>();
    origin const a = epochs->now(3);
    epochs->end(3 + 4096);
    CHECK_FALSE(epochs->is_current(a));
}
