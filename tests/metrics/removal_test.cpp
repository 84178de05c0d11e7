// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/metrics/registry.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
namespace metrics = orfeas::metrics;
using metrics_test::measured;
using metrics_test::written;

TEST_CASE("metrics: a removed series is not reported, and its handles change nothing") {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.", {{"a", "1"}});
    auto level = registry.gauge("level", "Level.");
    auto held = registry.up_down_counter("held", "Held.");
    auto wait = registry.histogram("wait_seconds", "Wait.");
    calls.add(5);
    calls.add(0.5);
    level.set(4);
    held.add(3);
    wait.observe(1.0);
    CHECK(registry.remove("calls_total", {{"a", "1"}}));
    CHECK(registry.remove("level"));
    CHECK(registry.remove("held"));
    CHECK(registry.remove("wait_seconds"));
    CHECK_FALSE(registry.remove("wait_seconds"));
    CHECK_FALSE(calls.is_current());
    CHECK_FALSE(level.is_current());
    CHECK_FALSE(held.is_current());
    CHECK_FALSE(wait.is_current());
    calls.add();
    calls.add(0.5);
    level.set(1);
    level.add(1);
    held.sub(1);
    held.add(0.5);
    wait.observe(1.0);
    auto values = measured(registry);
    CHECK(values.size() == 3);
    CHECK(values.at("metrics_rejected_updates_total") == 7);
    CHECK(values.at("metrics_series") == 3);

    registry.counter("calls_total", "Calls.", {{"a", "1"}}).add();
    registry.gauge("level", "Level.").add(2);
    registry.up_down_counter("held", "Held.").add(6);
    registry.histogram("wait_seconds", "Wait.").observe(3.0);
    calls.add(100);
    level.set(100);
    held.add(100);
    wait.observe(100.0);
    values = measured(registry);
    CHECK(values.at("calls_total,a=1") == 1);
    CHECK(values.at("level") == 2);
    CHECK(values.at("held") == 6);
    CHECK(values.at("wait_seconds_sum") == 3);
    CHECK(values.at("metrics_rejected_updates_total") == 11);
}

TEST_CASE("metrics: a handle to a removed series does not read the one in its place") {
    metrics::registry registry;
    auto const calls = registry.counter_family<"id">("calls_total", "Calls.");
    auto const held = registry.up_down_counter_family<"id">("held", "Held.");
    auto const levels = registry.gauge_family<"id">("level", "Level.");
    auto const waits = registry.histogram_family<"id">("wait_seconds", "Wait.", {.lowest = 1, .highest = 4});
    struct handles {
        metrics::counter calls;
        metrics::up_down_counter held;
        metrics::gauge level;
        metrics::histogram wait;
    };
    auto const make = [&](int i) {
        auto const id = std::to_string(i);
        handles made{calls.with(id), held.with(id), levels.with(id), waits.with(id)};
        made.calls.add(3);
        made.calls.add(0.5);
        made.held.add(4);
        made.level.set(i);
        made.wait.observe(2.0);
        return made;
    };
    std::vector<handles> old;
    for (int i = 0; i < 100; ++i) {
        old.push_back(make(i));
        for (auto const* const name : {"calls_total", "held", "level", "wait_seconds"}) {
            REQUIRE(registry.remove(name, {{"id", std::to_string(i)}}));
        }
    }
    for (int i = 1'000; i < 1'100; ++i) {
        make(i);
    }
    for (int i = 0; i < 100; ++i) {
        auto const& gone = old[static_cast<std::size_t>(i)];
        REQUIRE(gone.calls.value() == 0);
        REQUIRE(gone.held.value() == 0);
        REQUIRE(gone.level.value() == i); // what it was set to last
        REQUIRE(gone.wait.snapshot().count() == 0);
        REQUIRE(gone.wait.snapshot().sum() == 0);
    }
}

TEST_CASE("metrics: what there is not cannot be removed, nor the registry's own") {
    metrics::registry registry;
    registry.counter("calls_total", "Calls.", {{"a", "1"}}).add();
    CHECK_FALSE(registry.remove("other_total"));
    CHECK_FALSE(registry.remove("calls_total"));
    CHECK_FALSE(registry.remove("calls_total", {{"a", "2"}}));
    CHECK_FALSE(registry.remove("calls_total", {{"b", "1"}}));
    CHECK_FALSE(registry.remove("metrics_series"));
    CHECK_FALSE(registry.remove("metrics_rejected_updates_total"));
    CHECK(measured(registry).at("calls_total,a=1") == 1);
    CHECK(registry.has_family("calls_total"));
    CHECK_FALSE(registry.has_family("calls"));
}

TEST_CASE("metrics: a place is used again, and starts from zero in every thread") {
    metrics::registry registry;
    auto const family = registry.counter_family<"id">("calls_total", "Calls.");
    auto const waits = registry.histogram_family<"id">("wait_seconds", "Wait.", {.lowest = 1, .highest = 4});
    std::atomic<int> turn{0};
    auto const add_to_all = [&](int from) {
        for (int i = from; i < from + 200; ++i) {
            auto const id = std::to_string(i);
            family.with(id).add(7);
            family.with(id).add(0.25);
            waits.with(id).observe(2.0);
        }
    };
    std::thread other{[&] { // has blocks with old cells while the places are used again
        add_to_all(0);
        turn = 1;
        while (turn != 2) {
            std::this_thread::yield();
        }
        add_to_all(1'000);
    }};
    while (turn != 1) {
        std::this_thread::yield();
    }
    add_to_all(0);
    for (int i = 0; i < 200; ++i) {
        auto const id = std::to_string(i);
        REQUIRE(family.with(id).value() == 14.5);
        REQUIRE(registry.remove("calls_total", {{"id", id}}));
        REQUIRE(registry.remove("wait_seconds", {{"id", id}}));
    }
    add_to_all(1'000);
    for (int i = 1'000; i < 1'200; ++i) { // the other thread has not come by since
        REQUIRE(family.with(std::to_string(i)).value() == 7.25);
        REQUIRE(waits.with(std::to_string(i)).snapshot().count() == 1);
    }
    turn = 2;
    other.join();
    for (int i = 1'000; i < 1'200; ++i) {
        REQUIRE(family.with(std::to_string(i)).value() == 14.5);
        REQUIRE(waits.with(std::to_string(i)).snapshot().count() == 2);
        REQUIRE(waits.with(std::to_string(i)).snapshot().sum() == 4);
    }
}

TEST_CASE("metrics: series without updates are left out and removed after a while") {
    orfeas::manual_clock clock;
    metrics::basic_registry<orfeas::manual_clock> registry{{.idle_series = 60s}, clock};
    auto calls = registry.counter("calls_total", "Calls.");
    auto busy = registry.counter("busy_total", "Busy.");
    auto level = registry.gauge("level", "Level.");
    auto wait = registry.histogram("wait_seconds", "Wait.");
    auto const asked = registry.callback_gauge("asked", "Asked.", [] { return 1.0; });
    calls.add();
    CHECK(measured(registry).contains("calls_total"));
    for (int i = 0; i < 7; ++i) {
        clock.advance(10s);
        busy.add();
        if (i == 3) {
            wait.observe(1.0);
            level.set(i);
        }
        CHECK(measured(registry).contains("calls_total") == (i < 5));
    }
    auto values = measured(registry);
    CHECK(values.contains("busy_total"));
    CHECK(values.contains("level"));
    CHECK(values.contains("wait_seconds_count"));
    CHECK(values.contains("asked"));
    CHECK(values.contains("metrics_overflows_total"));
    CHECK_FALSE(calls.is_current());
    clock.advance(59s);
    values = measured(registry);
    CHECK_FALSE(values.contains("level"));
    CHECK_FALSE(values.contains("wait_seconds_count"));
    CHECK(values.contains("asked"));
    CHECK(measured(registry).at("metrics_series") == 3 + 2);
    registry.counter("calls_total", "Calls.").add(2);
    CHECK(measured(registry).at("calls_total") == 2);
}

TEST_CASE("metrics: random registrations, removals and updates agree with a plain model") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    metrics::registry registry{{.max_series = 300}};
    auto const family = registry.counter_family<"id">("calls_total", "Calls.");
    std::map<std::string, double> model;
    std::vector<std::pair<std::string, metrics::counter>> handles;
    double rejected = 0;
    for (int step = 0; step < 20'000; ++step) {
        auto const id = std::to_string(random() % 250);
        switch (random() % 8) {
        case 0:
            REQUIRE(registry.remove("calls_total", {{"id", id}}) == (model.erase(id) == 1));
            break;
        case 1:
        case 2: {
            auto const n = random() % 100;
            std::thread{[&] { family.with(id).add(n); }}.join();
            model[id] += static_cast<double>(n);
            break;
        }
        case 3:
            handles.emplace_back(id, family.with(id));
            model.try_emplace(id, 0);
            break;
        case 4:
            if (!handles.empty()) {
                auto& [of, handle] = handles[random() % handles.size()];
                bool const is_there = handle.is_current();
                handle.add(0.5);
                (is_there ? model.at(of) : rejected) += is_there ? 0.5 : 1;
            }
            break;
        default:
            family.with(id).add();
            model[id] += 1;
        }
        if (step % 1'000 == 999) {
            auto const values = measured(registry);
            REQUIRE(values.size() == model.size() + 3);
            REQUIRE(values.at("metrics_series") == static_cast<double>(model.size() + 3));
            REQUIRE(values.at("metrics_rejected_updates_total") == rejected);
            for (auto const& [name, value] : model) {
                REQUIRE(values.at("calls_total,id=" + name) == value);
            }
        }
    }
}

TEST_CASE("metrics: lookups, removals and scrapes of several threads lose nothing but what was removed") {
    metrics::registry registry;
    auto const family = registry.counter_family<"id">("calls_total", "Calls.");
    auto const kept = registry.counter_family<"id">("kept_total", "Kept.");
    constexpr int rounds = 4'000;
    std::atomic<bool> done{false};
    std::thread remover{[&] {
        for (int i = 0; !done; ++i) {
            registry.remove("calls_total", {{"id", std::to_string(i % 100)}});
            if (i % 100 == 0) {
                std::string const text = written(registry);
            }
        }
    }};
    std::vector<std::thread> writers;
    for (int id = 0; id < 2; ++id) {
        writers.emplace_back([&] {
            for (int i = 0; i < rounds; ++i) {
                family.with(std::to_string(i % 100)).add();
                kept.with(std::to_string(i % 10)).add();
            }
        });
    }
    for (auto& writer : writers) {
        writer.join();
    }
    done = true;
    remover.join();
    for (int i = 0; i < 10; ++i) {
        CHECK(kept.with(std::to_string(i)).value() == 2 * rounds / 10);
    }
    for (int i = 0; i < 100; ++i) { // at most what was added to it
        CHECK(family.with(std::to_string(i)).value() <= 2 * rounds / 100);
    }
}
