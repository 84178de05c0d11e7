// SPDX-License-Identifier: MIT
#include "random.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/event_ring.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using namespace orfeas::memory;

TEST_CASE("memory: a ring keeps the last events and says how many were lost") {
    event_ring ring{3};
    std::vector<allocation_event> events;
    auto read = ring.copy_to(events);
    CHECK(events.empty());
    CHECK(read.first_sequence == 0);
    CHECK_FALSE(read.overflowed());

    ring.push({.time_ns = 10, .address = 512, .bytes = 1024, .related = 1000, .site = 7, .tag = 3, .stream = 1});
    ring.push({.kind = event_kind::deallocate});
    read = ring.copy_to(events);
    REQUIRE(events.size() == 2);
    CHECK(events[0].sequence == 0);
    CHECK(events[0].related == 1000);
    CHECK(events[1].kind == event_kind::deallocate);
    CHECK_FALSE(read.overflowed());

    for (int i = 0; i < 5; ++i) {
        ring.push({});
    }
    read = ring.copy_to(events);
    CHECK(events.size() == 3);
    CHECK(events[0].sequence == 4);
    CHECK(read.first_sequence == 4);
    CHECK(read.lost == 4);
    CHECK(read.overflowed());
    CHECK(ring.pushed() == 7);
    CHECK(ring.size() == 3);
}

TEST_CASE("memory: a reader goes on where it ended") {
    event_ring ring{4};
    std::vector<allocation_event> events;
    for (int i = 0; i < 6; ++i) {
        ring.push({});
    }
    auto read = ring.copy_to(events, 5);
    REQUIRE(events.size() == 1);
    CHECK(events[0].sequence == 5);
    CHECK_FALSE(read.overflowed());
    read = ring.copy_to(events, 6);
    CHECK(events.empty());
    CHECK(read.first_sequence == 6);
    read = ring.copy_to(events, 1);
    CHECK(read.lost == 1);
    CHECK(events.size() == 4);
}

TEST_CASE("memory: a ring without room counts") {
    event_ring ring{0};
    std::vector<allocation_event> events;
    ring.push({});
    ring.push({});
    auto const read = ring.copy_to(events);
    CHECK(events.empty());
    CHECK(ring.pushed() == 2);
    CHECK(read.lost == 2);
}

TEST_CASE("memory: a ring agrees with a plain list") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::size_t const capacity = 1 + random() % 50;
    event_ring ring{capacity};
    std::vector<allocation_event> all;
    std::vector<allocation_event> read_events;
    for (int round = 0; round < 200; ++round) {
        for (auto i = random() % 20; i > 0; --i) {
            allocation_event event{.time_ns = random(), .bytes = random()};
            ring.push(event);
            event.sequence = all.size();
            all.push_back(event);
        }
        std::uint64_t const since = random() % (all.size() + 3);
        auto const read = ring.copy_to(read_events, since);
        std::size_t const oldest = all.size() > capacity ? all.size() - capacity : 0;
        auto const first = std::min(std::max<std::size_t>(since, oldest), all.size());
        CHECK(read.first_sequence == first);
        CHECK(read.lost == (since < oldest ? oldest - since : 0));
        CHECK(read_events ==
              std::vector<allocation_event>(all.begin() + static_cast<std::ptrdiff_t>(first), all.end()));
    }
}

TEST_CASE("memory: kinds of events have names") {
    CHECK(to_string(event_kind::refuse) == "refuse");
    CHECK(to_string(event_kind::fence) == "fence");
}
