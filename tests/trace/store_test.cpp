// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/store.hpp>
#include <orfeas/trace/tracer.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;

namespace {

using manual_tracer = trace::basic_tracer<orfeas::manual_clock>;

orfeas::trace_id record(manual_tracer& tracer, orfeas::manual_clock& clock, std::string_view name,
                        std::chrono::nanoseconds duration, int children = 0) {
    auto root = tracer.root(name);
    for (int i = 0; i < children; ++i) {
        auto child = tracer.span("child");
    }
    clock.advance(duration);
    return root.ids().trace;
}

std::vector<std::string> names(std::vector<trace::trace_summary> const& list) {
    std::vector<std::string> all;
    for (auto const& each : list) {
        all.push_back(each.name);
    }
    return all;
}

} // namespace

TEST_CASE("trace: the store lists the last traces, the newest first") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.stored_traces = 3, .slow_traces = 0}, clock};
    CHECK(tracer.store().recent(5).empty());
    auto const first = record(tracer, clock, "a", 1ms);
    record(tracer, clock, "b", 1ms);
    record(tracer, clock, "c", 1ms);
    CHECK(tracer.store().find(first).has_value());
    auto const last = record(tracer, clock, "d", 1ms);
    CHECK(names(tracer.store().recent(10)) == std::vector<std::string>{"d", "c", "b"});
    CHECK(names(tracer.store().recent(1)) == std::vector<std::string>{"d"});
    CHECK(tracer.store().recent(0).empty());
    CHECK_FALSE(tracer.store().find(first).has_value());
    CHECK(tracer.store().find(last).has_value());
    CHECK_FALSE(tracer.store().find(orfeas::trace_id{}).has_value());
    CHECK(tracer.store().stats().traces_total == 4);
    CHECK(tracer.store().stats().stored == 3);
}

TEST_CASE("trace: the store keeps within its bytes") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    orfeas::manual_clock clock;
    constexpr std::uint64_t limit = 65536;
    manual_tracer tracer{{.stored_traces = 100, .stored_bytes = limit, .slow_traces = 0}, clock};
    std::deque<std::string> model;
    for (int i = 0; i < 500; ++i) {
        auto const name = std::to_string(i);
        record(tracer, clock, name, 1us, static_cast<int>(random() % 100));
        model.push_front(name);
        auto const stats = tracer.store().stats();
        REQUIRE(stats.stored_bytes <= limit);
        REQUIRE(stats.stored >= 1);
        model.resize(stats.stored);
        REQUIRE(names(tracer.store().recent(1000)) == std::vector<std::string>(model.begin(), model.end()));
    }
}

TEST_CASE("trace: a trace larger than the store is counted but not kept") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.stored_bytes = 65536, .slow_traces = 0}, clock};
    auto const id = record(tracer, clock, "large", 1ms, 500);
    CHECK_FALSE(tracer.store().find(id).has_value());
    CHECK(tracer.store().stats().spans_total == 501);
    CHECK(tracer.store().stats().stored_bytes == 0);
}

TEST_CASE("trace: the slowest traces are kept apart, for a time") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.stored_traces = 1, .slow_traces = 2, .slow_keep = 60s}, clock};
    auto const slowest = record(tracer, clock, "slowest", 500ms);
    for (int i = 0; i < 10; ++i) {
        record(tracer, clock, "fast", 1ms);
    }
    record(tracer, clock, "slow", 100ms);
    record(tracer, clock, "fast", 2ms);
    CHECK(names(tracer.store().slow(10)) == std::vector<std::string>{"slowest", "slow"});
    CHECK(names(tracer.store().slow(1)) == std::vector<std::string>{"slowest"});
    CHECK(tracer.store().find(slowest).has_value());
    clock.advance(61s);
    CHECK(tracer.store().slow(10).empty());
    CHECK_FALSE(tracer.store().find(slowest).has_value());
}

TEST_CASE("trace: the slow list agrees with sorting all durations") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    orfeas::manual_clock clock;
    manual_tracer tracer{{.stored_traces = 5, .slow_traces = 10, .slow_keep = 86'400s}, clock};
    std::vector<std::chrono::nanoseconds> model;
    for (int i = 0; i < 300; ++i) {
        model.emplace_back(random() % 1'000'000 + 1);
        record(tracer, clock, "x", model.back());
    }
    std::sort(model.rbegin(), model.rend());
    auto const slow = tracer.store().slow(100);
    REQUIRE(slow.size() == 10);
    for (std::size_t i = 0; i < slow.size(); ++i) {
        CHECK(slow[i].duration == model[i]);
    }
}

TEST_CASE("trace: statistics by operation cover all spans, also of traces no longer held") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.stored_traces = 1, .slow_traces = 0, .operations = 2}, clock};
    for (int i = 1; i <= 100; ++i) {
        auto root = tracer.root("work");
        clock.advance(std::chrono::milliseconds{i});
        if (i % 10 == 0) {
            root.fail();
        }
    }
    record(tracer, clock, "rare", 1s);
    record(tracer, clock, "one too many", 1s);
    record(tracer, clock, "two too many", 1s);
    auto const list = tracer.store().operations();
    REQUIRE(list.size() == 3);
    CHECK(list[0].name == "work");
    CHECK(list[0].count == 100);
    CHECK(list[0].errors == 10);
    CHECK(std::abs(list[0].mean_ms - 50.5) < 1e-6);
    CHECK(std::abs(list[0].p50_ms - 50) < 1);
    CHECK(std::abs(list[0].p95_ms - 95) < 2);
    CHECK(list[1].name == "(other)");
    CHECK(list[1].count == 2);
    CHECK(list[2].name == "rare");
    CHECK(tracer.store().stats().errors_total == 10);
}
