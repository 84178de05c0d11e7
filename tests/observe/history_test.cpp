// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/history.hpp>

#include <cmath>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace orfeas;

namespace {

observe::series named(std::string name) {
    return {{}, std::move(name), {}, measurement_kind::gauge, unit::none, {}};
}

void set(observe::history& kept, std::string const& key, double value) {
    kept.set(key, value, [&] { return named(key); });
}

wall_time at_second(std::uint64_t s) {
    return wall_time{std::chrono::seconds{s}};
}

} // namespace

TEST_CASE("observe: an empty history has no frames") {
    observe::history const kept{3};
    CHECK(kept.empty());
    CHECK(kept.capacity() == 3);
    CHECK(kept.last_seq() == 0);
    CHECK(kept.first_seq() == 1);
    CHECK(kept.series_count() == 0);
}

TEST_CASE("observe: frames beyond the capacity push out the oldest") {
    observe::history kept{3};
    for (std::uint64_t s = 1; s <= 5; ++s) {
        CHECK(kept.begin_frame(at_second(s)) == s);
        set(kept, "x", static_cast<double>(s) * 10);
    }
    CHECK(kept.first_seq() == 3);
    CHECK(kept.last_seq() == 5);
    CHECK(kept.time(3) == at_second(3));
    CHECK(kept.value("x", 3) == 30);
    CHECK(kept.value("x", 5) == 50);
}

TEST_CASE("observe: a series without a value in a frame has NaN there") {
    observe::history kept{4};
    kept.begin_frame(at_second(1));
    set(kept, "x", 1);
    kept.begin_frame(at_second(2));
    set(kept, "late", 2);
    CHECK(std::isnan(kept.value("x", 2)));
    CHECK(std::isnan(kept.value("late", 1)));
    CHECK(std::isnan(kept.value("unknown", 1)));
}

TEST_CASE("observe: a series that fell silent is forgotten with its last value") {
    observe::history kept{2};
    kept.begin_frame(at_second(1));
    set(kept, "x", 1);
    set(kept, "y", 1);
    kept.begin_frame(at_second(2));
    set(kept, "y", 2);
    CHECK(kept.find("x") != nullptr);
    kept.begin_frame(at_second(3));
    CHECK(kept.find("x") == nullptr);
    REQUIRE(kept.find("y") != nullptr);
    CHECK(kept.find("y")->key == "y");
    CHECK(kept.series_count() == 1);
}

TEST_CASE("observe: the history behaves as a queue of maps") {
    auto const seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    std::size_t const capacity = 7;
    observe::history kept{capacity};
    std::deque<std::map<std::string, double>> model;
    for (std::uint64_t s = 1; s <= 400; ++s) {
        kept.begin_frame(at_second(s));
        auto& frame = model.emplace_back();
        if (model.size() > capacity) {
            model.pop_front();
        }
        for (int i = 0; i < 3; ++i) {
            auto const key = "series_" + std::to_string(random() % 12);
            auto const value = static_cast<double>(random() % 1000);
            set(kept, key, value);
            frame[key] = value;
        }
        std::map<std::string, int> expected_keys;
        for (auto const& each : model) {
            for (auto const& [key, value] : each) {
                ++expected_keys[key];
            }
        }
        REQUIRE(kept.series_count() == expected_keys.size());
        REQUIRE(kept.last_seq() - kept.first_seq() + 1 == model.size());
        kept.for_each([&](observe::series const& about, auto const& at) {
            for (std::size_t i = 0; i < model.size(); ++i) {
                auto const found = model[i].find(about.key);
                double const value = at(kept.first_seq() + i);
                REQUIRE((found == model[i].end() ? std::isnan(value) : value == found->second));
            }
        });
    }
}

TEST_CASE("observe: a history stays in order when the clock is set back") {
    using namespace std::chrono_literals;
    observe::history kept{8};
    monotonic_time const start{1h};
    kept.begin_frame(at_second(100), start);
    kept.begin_frame(at_second(101), start + 1s);
    kept.begin_frame(at_second(3'702), start + 2s); // set forward by an hour
    kept.begin_frame(at_second(3'703), start + 3s);
    CHECK(kept.time(2) == at_second(101)); // a gap: the machine may have slept
    CHECK(kept.time(3) == at_second(3'702));
    kept.begin_frame(at_second(104), start + 4s); // and back
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
        CHECK(kept.time(seq) == at_second(99 + seq));
        CHECK(kept.steady_time(seq) == start + std::chrono::seconds{seq - 1});
    }
    kept.begin_frame(at_second(50), start + 5s); // behind all that is kept
    for (std::uint64_t seq = 1; seq <= 6; ++seq) {
        CHECK(kept.time(seq) == at_second(44 + seq));
    }
}

TEST_CASE("observe: without a steady time, none has passed when the time goes back") {
    using namespace std::chrono_literals;
    observe::history kept{3};
    kept.begin_frame(at_second(100));
    kept.begin_frame(at_second(105));
    kept.begin_frame(at_second(20));
    kept.begin_frame(at_second(21));
    CHECK(kept.steady_time(3) == kept.steady_time(2));
    CHECK(kept.steady_time(4) - kept.steady_time(3) == 1s);
    CHECK(kept.time(2) == at_second(20));
    CHECK(kept.time(3) == at_second(20));
}

TEST_CASE("observe: times of frames never decrease, nor come before their frames, however the clock is set") {
    using namespace std::chrono_literals;
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    observe::history kept{20};
    auto wall = at_second(1'000'000);
    monotonic_time steady{1h};
    for (int i = 0; i < 2'000; ++i) {
        auto const passed = std::chrono::milliseconds{1 + random() % 2'000};
        auto const set_by = random() % 7 == 0
                                ? std::chrono::milliseconds{static_cast<int>(random() % 200'000) - 100'000}
                                : std::chrono::milliseconds{0};
        steady += passed;
        wall += passed + set_by;
        kept.begin_frame(wall, steady);
        REQUIRE(kept.time(kept.last_seq()) == wall);
        for (auto seq = kept.first_seq() + 1; seq <= kept.last_seq(); ++seq) {
            REQUIRE(kept.time(seq) >= kept.time(seq - 1));
        }
    }
}
