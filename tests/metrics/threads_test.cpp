// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/metrics/registry.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace metrics = orfeas::metrics;
using metrics_test::measured;

namespace {

/// Counts once more when its thread ends, after what it counted before may have been folded.
struct counts_at_the_end {
    metrics::counter* last = nullptr;
    ~counts_at_the_end() {
        if (last != nullptr) {
            last->add();
        }
    }
};

} // namespace

TEST_CASE("metrics: threads that come and go lose no update") {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.");
    auto seconds = registry.counter("busy_seconds_total", "Busy.");
    auto held = registry.up_down_counter("held", "Held.");
    auto wait = registry.histogram("wait_seconds", "Wait.", {}, {.lowest = 0.5, .highest = 4});
    constexpr int threads = 40;
    constexpr int updates = 5'000;
    std::atomic<bool> done{false};
    std::thread scraper{[&] {
        double before = 0;
        while (!done) {
            auto const values = measured(registry);
            CHECK(values.at("calls_total") >= before);
            before = values.at("calls_total");
        }
    }};
    for (int wave = 0; wave < threads / 4; ++wave) {
        std::vector<std::thread> writers;
        for (int id = 0; id < 4; ++id) {
            writers.emplace_back([=]() mutable {
                for (int i = 0; i < updates; ++i) {
                    calls.add();
                    seconds.add(0.25);
                    held.add(2);
                    held.sub(1);
                    wait.observe(1.0);
                }
            });
        }
        for (auto& writer : writers) {
            writer.join();
        }
    }
    done = true;
    scraper.join();
    CHECK(calls.value() == threads * updates);
    CHECK(seconds.value() == threads * updates * 0.25);
    CHECK(held.value() == threads * updates);
    CHECK(wait.snapshot().count() == threads * updates);
    CHECK(wait.snapshot().sum() == threads * updates);
}

TEST_CASE("metrics: an update while a thread ends is counted") {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.");
    std::thread{[&] {
        thread_local counts_at_the_end last; // constructed before the thread's cells, so destroyed after them
        last.last = &calls;
        calls.add();
    }}.join();
    CHECK(calls.value() == 2);
}

TEST_CASE("metrics: a registry may end before its threads") {
    std::atomic<int> turn{0};
    auto registry = std::make_unique<metrics::registry>();
    auto calls = registry->counter("calls_total", "Calls.");
    auto wait = registry->histogram("wait_seconds", "Wait.");
    std::thread user{[&] {
        calls.add();
        wait.observe(1.0);
        turn = 1;
        while (turn != 2) {
            std::this_thread::yield();
        }
        for (int i = 0; i < 20; ++i) { // some of them at the address of the first
            metrics::registry other;
            auto fresh = other.counter("calls_total", "Calls.");
            fresh.add();
            REQUIRE(fresh.value() == 1);
        }
    }};
    while (turn != 1) {
        std::this_thread::yield();
    }
    CHECK(calls.value() == 1);
    registry.reset();
    turn = 2;
    user.join();
}

TEST_CASE("metrics: one thread may use many registries in turn") {
    std::vector<std::unique_ptr<metrics::registry>> registries;
    std::vector<metrics::counter> counters;
    for (int i = 0; i < 20; ++i) {
        registries.push_back(std::make_unique<metrics::registry>());
        counters.push_back(registries.back()->counter("calls_total", "Calls."));
    }
    for (int round = 0; round < 100; ++round) {
        for (auto& each : counters) {
            each.add();
        }
    }
    for (auto& each : counters) {
        CHECK(each.value() == 100);
    }
}

TEST_CASE("metrics: ten million concurrent updates are counted exactly") {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.");
    std::vector<std::thread> writers;
    for (int id = 0; id < 4; ++id) {
        writers.emplace_back([=]() mutable {
            for (int i = 0; i < 2'500'000; ++i) {
                calls.add();
            }
        });
    }
    for (auto& writer : writers) {
        writer.join();
    }
    CHECK(calls.value() == 10'000'000);
}
