// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/tiers/pending_writes.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using orfeas::monotonic_time;
using orfeas::cache::detail::pending_writes;

namespace {

constexpr monotonic_time start{};
constexpr monotonic_time late = start + 1h;

} // namespace

TEST_CASE("cache: of the writes of one key the last one waits") {
    pending_writes waiting{1'000'000};
    CHECK(waiting.empty());
    waiting.add("a", "1", late);
    waiting.add("b", "2", late);
    waiting.add("a", "3", late);
    CHECK(waiting.size() == 2);
    CHECK(waiting.find("a", start) == "3");
    CHECK(waiting.find("b", start) == "2");
    CHECK_FALSE(waiting.find("c", start));
}

TEST_CASE("cache: waiting writes are repeated in the order of their keys, until they are taken") {
    pending_writes waiting{1'000'000};
    waiting.add("a", "1", late);
    waiting.add("b", "2", late);
    auto first = waiting.begin(start);
    REQUIRE(first);
    CHECK(first->key == "a");
    waiting.finish(*first, false);
    first = waiting.begin(start);
    REQUIRE(first);
    CHECK(first->key == "a");
    waiting.finish(*first, true);
    auto const second = waiting.begin(start);
    REQUIRE(second);
    CHECK(second->key == "b");
    CHECK(second->bytes == "2");
    waiting.finish(*second, true);
    CHECK(waiting.empty());
    CHECK_FALSE(waiting.begin(start));
}

TEST_CASE("cache: a write whose time is over is not repeated") {
    pending_writes waiting{1'000'000};
    waiting.add("a", "1", start + 1s);
    waiting.add("b", "2", start + 2s);
    CHECK_FALSE(waiting.find("a", start + 1s));
    auto const next = waiting.begin(start + 1s);
    REQUIRE(next);
    CHECK(next->key == "b");
    CHECK(waiting.size() == 1);
}

TEST_CASE("cache: what a newer write supersedes is not written after it") {
    pending_writes waiting{1'000'000};
    CHECK(waiting.supersede("a", "0", late) == 0); // nothing waits
    waiting.add("a", "1", late);
    SECTION("taken at once: nothing waits any more") {
        auto const number = waiting.supersede("a", "2", late);
        CHECK(number != 0);
        CHECK(waiting.find("a", start) == "2");
        waiting.settle("a", number);
        CHECK(waiting.empty());
    }
    SECTION("the older one is under way and may come last: the newer one follows") {
        auto const old = waiting.begin(start);
        REQUIRE(old);
        auto const number = waiting.supersede("a", "2", late);
        waiting.settle("a", number);
        CHECK(waiting.size() == 1);
        waiting.finish(*old, true);
        auto const next = waiting.begin(start);
        REQUIRE(next);
        CHECK(next->bytes == "2");
        waiting.finish(*next, true);
        CHECK(waiting.empty());
    }
    SECTION("a third one came: the second one settles nothing") {
        auto const second = waiting.supersede("a", "2", late);
        auto const third = waiting.supersede("a", "3", late);
        waiting.settle("a", second);
        CHECK(waiting.find("a", start) == "3");
        waiting.settle("a", third);
        CHECK(waiting.empty());
    }
}

TEST_CASE("cache: when too much waits the oldest is given up") {
    pending_writes waiting{10'000};
    for (int i = 0; i < 10; ++i) {
        waiting.add(std::to_string(i), std::string(2'000, 'x'), late);
    }
    CHECK(waiting.size() == 4);
    CHECK(waiting.dropped() == 6);
    CHECK_FALSE(waiting.find("5", start));
    CHECK(waiting.find("9", start));
    waiting.add("large", std::string(20'000, 'x'), late);
    CHECK(waiting.empty());
    CHECK(waiting.dropped() == 11);
}

TEST_CASE("cache: waiting writes behave like a map of the last ones") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    pending_writes waiting{1'000'000'000};
    std::map<std::string, std::string> model;
    std::map<std::string, std::string> server;
    for (int step = 0; step < 20'000; ++step) {
        std::string const key = std::to_string(random() % 16);
        std::string const value = std::to_string(step);
        switch (random() % 3) {
        case 0: // a write fails
            waiting.add(key, value, late);
            model[key] = value;
            break;
        case 1: // a write is taken
            waiting.settle(key, waiting.supersede(key, value, late));
            server[key] = value;
            model.erase(key);
            break;
        default:
            if (auto const next = waiting.begin(start)) {
                bool const taken = random() % 2 == 0;
                if (taken) {
                    server[next->key] = next->bytes;
                    model.erase(next->key);
                }
                waiting.finish(*next, taken);
            }
        }
        REQUIRE(waiting.size() == model.size());
        auto const found = model.find(key);
        REQUIRE(waiting.find(key, start) == (found == model.end() ? std::nullopt : std::optional{found->second}));
    }
}

TEST_CASE("cache: what is invalidated need not be written any more") {
    pending_writes waiting{1'000'000};
    waiting.add("a:1", "1", late);
    waiting.add("b:1", "2", late);
    waiting.add("a:2", "3", late);
    waiting.remove_if([](std::string_view key) { return key.starts_with("a:"); });
    CHECK(waiting.size() == 1);
    CHECK(waiting.find("b:1", start) == "2");
}
