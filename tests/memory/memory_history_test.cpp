// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/memory/memory_history.hpp>

#include <chrono>

using orfeas::memory::memory_history;
using orfeas::memory::memory_profile;
using orfeas::memory::memory_trend;

namespace {

memory_profile sample(double utilization, double fragmentation = 0) {
    memory_profile result;
    result.utilization_ratio = utilization;
    result.fragmentation_ratio = fragmentation;
    return result;
}

} // namespace

TEST_CASE("memory: a history begins empty and keeps the last samples") {
    memory_history history{3, 2};
    CHECK(history.empty());
    CHECK(history.fragmentation().samples == 0);
    CHECK(history.fragmentation().average_ratio == 0);
    CHECK(history.trend() == memory_trend::steady);
    for (double const ratio : {0.9, 0.1, 0.2, 0.6}) {
        history.record(sample(0.5, ratio));
    }
    CHECK_FALSE(history.empty());
    CHECK(history.fragmentation().samples == 3);
    CHECK(history.fragmentation().maximum_ratio == 0.6);
    CHECK(history.fragmentation().average_ratio > 0.299);
    CHECK(history.fragmentation().average_ratio < 0.301);
    history.clear();
    CHECK(history.empty());
}

TEST_CASE("memory: a history tells where use has been going") {
    auto const trend = [](double first, double step, double mark) {
        memory_history history;
        for (int i = 0; i < 30; ++i) {
            history.record(sample(first + i * step));
        }
        return history.trend(mark);
    };
    CHECK(trend(0.2, 0.01, 0.05) == memory_trend::rising);
    CHECK(trend(0.8, -0.01, 0.05) == memory_trend::falling);
    CHECK(trend(0.5, 0.001, 0.05) == memory_trend::steady);
    CHECK(trend(0.5, 0.001, 0.01) == memory_trend::rising);
    CHECK(to_string(memory_trend::falling) == "falling");
}

TEST_CASE("memory: a history counts all cleanups and keeps the last") {
    memory_history history{3, 2};
    orfeas::wall_time const start{};
    for (int i = 1; i <= 5; ++i) {
        history.record({.time = start + std::chrono::seconds{i}, .report = {.freed_bytes = 10}});
    }
    CHECK_FALSE(history.empty());
    CHECK(history.cleanups().size() == 2);
    CHECK(history.cleanups_total() == 5);
    CHECK(history.total_freed_bytes() == 50);
    CHECK(history.cleanups_since(start + std::chrono::seconds{4}) == 1);
    CHECK(history.cleanups_since(start) == 2);
}
