// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/json.hpp>
#include <orfeas/trace/tracer.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;
using orfeas_test::contains;

namespace {

std::map<std::string, double> measured(trace::tracer const& tracer) {
    std::map<std::string, double> values;
    tracer.measure([&](orfeas::measurement const& m) {
        std::string key{m.name};
        for (auto const& each : m.labels) {
            key.append("/").append(each.value);
        }
        values[key] = m.value;
    });
    return values;
}

} // namespace

TEST_CASE("trace: options out of range are refused by name") {
    CHECK_THROWS_WITH(trace::tracer{trace::tracer_options{.stored_traces = 0}}, contains("stored_traces"));
    CHECK_THROWS_WITH(trace::tracer{trace::tracer_options{.spans_per_trace = 0}}, contains("spans_per_trace"));
}

TEST_CASE("trace: a disabled tracer records nothing") {
    trace::tracer tracer{trace::tracer_options{.enabled = false}};
    {
        auto root = tracer.span("root");
        auto child = tracer.span("child");
        auto detached = tracer.detached("detached");
        CHECK_FALSE(root.recording());
        CHECK_FALSE(detached.recording());
        CHECK_FALSE(trace::current_context());
    }
    CHECK(tracer.store().recent(1).empty());
}

TEST_CASE("trace: a remote parent is continued, its flags and tracestate with it") {
    trace::tracer tracer;
    trace::span_context const remote{{0x1234, 0x5678}, {0x9abc}, 0};
    {
        auto root = tracer.root("root", trace::remote_parent{remote, "vendor=1"});
        CHECK(root.ids().trace == remote.trace);
        CHECK(root.ids().span != remote.span);
        CHECK(root.ids().flags == 0);
        CHECK(root.context().tracestate() == "vendor=1");
    }
    auto const whole = tracer.store().find(remote.trace);
    REQUIRE(whole.has_value());
    CHECK(whole->spans.front().parent == remote.span);
    CHECK(whole->tracestate == "vendor=1");
}

TEST_CASE("trace: new traces are sampled, random and distinct") {
    trace::tracer tracer;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        auto root = tracer.root("root");
        CHECK(root.ids().flags == (trace::span_context::sampled_flag | trace::span_context::random_flag));
        CHECK(root.context().tracestate().empty());
        seen.insert(to_string(root.ids().trace));
        seen.insert(to_string(root.ids().span));
    }
    CHECK(seen.size() == 2000);
}

TEST_CASE("trace: spans of another tracer are not taken for parents") {
    trace::tracer one;
    trace::tracer other;
    {
        auto outer = one.span("outer");
        auto inner = other.span("inner");
        CHECK(inner.ids().trace != outer.ids().trace);
        auto back = one.span("back");
        CHECK(back.ids().trace != outer.ids().trace);
    }
    CHECK(one.store().recent(10).size() == 2);
    CHECK(other.store().recent(10).size() == 1);
    CHECK_FALSE(trace::current_context());
}

TEST_CASE("trace: more spans than a trace may have are dropped and counted") {
    trace::tracer tracer{trace::tracer_options{.spans_per_trace = 40}};
    {
        auto root = tracer.span("root");
        for (int i = 0; i < 100; ++i) {
            auto child = tracer.span("child");
            CHECK(child.recording() == (i < 39));
            if (!child.recording()) {
                CHECK(trace::current_context() == root.ids());
            }
        }
        root.set("long", std::string(1000, 'x'));
    }
    CHECK(tracer.dropped(trace::drop_reason::span_limit) == 61);
    auto const list = tracer.store().recent(1);
    CHECK(list.at(0).spans == 40);
    CHECK(list.at(0).dropped == 61);
    CHECK(tracer.store().find(list[0].id)->spans.front().attributes.empty());
    auto const values = measured(tracer);
    CHECK(values.at("trace_dropped_total/span_limit") == 61);
    CHECK(values.at("trace_attributes_dropped_total") == 1);
    CHECK(values.at("trace_spans_total") == 40);
    CHECK(values.at("trace_traces_total") == 1);
}

TEST_CASE("trace: more open traces than allowed are dropped with all that is below them") {
    trace::tracer tracer{trace::tracer_options{.active_traces = 2}};
    auto one = tracer.detached("one");
    auto two = tracer.detached("two");
    {
        auto three = tracer.span("three");
        CHECK_FALSE(three.recording());
        one.end();
        auto below = tracer.span("below"); // there is room for a trace now, but this is not the beginning of one
        CHECK_FALSE(below.recording());
        auto other = tracer.root("other");
        CHECK(other.recording());
    }
    auto again = tracer.span("again");
    CHECK(again.recording());
    CHECK(tracer.dropped(trace::drop_reason::active_limit) == 1);
    CHECK(tracer.active() == 2);
}

TEST_CASE("trace: spans for which memory is used up are dropped and counted, and memory comes back") {
    trace::tracer tracer{trace::tracer_options{
        .active_bytes = 65536, .stored_traces = 1, .stored_bytes = 65536, .slow_traces = 0, .exported_bytes = 0}};
    constexpr std::uint64_t opened = 1500;
    for (int round = 0; round < 3; ++round) {
        auto const before = tracer.dropped(trace::drop_reason::memory);
        std::uint64_t recorded = 0;
        {
            auto root = tracer.span("root");
            std::vector<trace::detached_span> kept;
            auto other = tracer.detached("other", trace::context{});
            for (std::uint64_t i = 0; i < opened; ++i) {
                kept.push_back(i % 2 == 0 ? tracer.detached("a") : tracer.detached("b", other.context()));
                recorded += kept.back().recording() ? 1U : 0U;
            }
        }
        CHECK(recorded > 300);
        CHECK(recorded + tracer.dropped(trace::drop_reason::memory) - before == opened);
    }
    CHECK(tracer.active() == 0);
}

TEST_CASE("trace: memory that comes back in the middle of a trace brings no spans of others with it") {
    trace::tracer tracer{trace::tracer_options{
        .active_bytes = 65536, .stored_traces = 1, .stored_bytes = 65536, .slow_traces = 0, .exported_bytes = 0}};
    auto victim = tracer.detached("victim", trace::context{});
    auto const id = victim.ids().trace;
    std::vector<trace::detached_span> kept;
    std::size_t recorded = 1;
    auto const open = [&](trace::detached_span const& below) {
        kept.push_back(tracer.detached("child", below.context()));
        return kept.back().recording();
    };
    while (recorded < 16) { // as many as come with the first piece of memory
        recorded += open(victim) ? 1U : 0U;
    }
    {
        auto filler = tracer.detached("filler", trace::context{});
        std::vector<trace::detached_span> fillers;
        do {
            fillers.push_back(tracer.detached("other", filler.context()));
        } while (fillers.back().recording());
        for (int i = 0; i < 3; ++i) {
            CHECK_FALSE(open(victim));
        }
    } // too large to be stored: its memory is free again
    CHECK(open(victim));
    ++recorded;
    kept.clear();
    victim.end();
    auto const whole = tracer.store().find(id);
    REQUIRE(whole.has_value());
    CHECK(whole->spans.size() == recorded);
    CHECK(whole->summary.spans == recorded);
    CHECK(whole->summary.dropped == 3);
}

TEST_CASE("trace: spans outlive their tracer") {
    auto tracer = std::make_unique<trace::tracer>();
    auto detached = tracer->detached("detached");
    {
        auto root = tracer->span("root");
        auto const context = root.context();
        { auto finished = tracer->root("finished"); }
        tracer.reset();
        root.set("key", "value");
        trace::span child{"child"};
        CHECK(child.recording());
        trace::span explicit_child{"explicit", context};
    }
    detached.set("key", 1);
    CHECK_FALSE(trace::current_context());
}

TEST_CASE("trace: many threads record into one trace and into their own") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    trace::tracer tracer{trace::tracer_options{.spans_per_trace = 65536, .stored_traces = 5000}};
    constexpr int threads = 4;
    constexpr int rounds = 500;
    std::atomic<std::uint64_t> opened{1};
    trace::span_context root_ids;
    {
        auto root = tracer.span("shared");
        root_ids = root.ids();
        std::vector<std::thread> workers;
        for (int t = 0; t < threads; ++t) {
            workers.emplace_back([&, t, parent = root.context()] {
                std::mt19937 random{seed + static_cast<std::uint32_t>(t)};
                for (int i = 0; i < rounds; ++i) {
                    trace::scope const inherit{parent};
                    trace::span branch{"branch"};
                    for (auto depth = random() % 3; depth > 0; --depth) {
                        trace::span leaf{"leaf"};
                        leaf.set("i", i);
                        ++opened;
                    }
                    ++opened;
                    auto own = tracer.root("own");
                    if (random() % 64 == 0) {
                        static_cast<void>(tracer.store().recent(3));
                        static_cast<void>(tracer.store().find(own.ids().trace));
                    }
                }
            });
        }
        for (auto& each : workers) {
            each.join();
        }
    }
    auto const whole = tracer.store().find(root_ids.trace);
    REQUIRE(whole.has_value());
    CHECK(whole->spans.size() == opened.load());
    std::map<std::uint64_t, std::string> names;
    for (auto const& each : whole->spans) {
        names[each.id.value] = each.name;
    }
    CHECK(names.size() == whole->spans.size());
    std::size_t wrong = 0;
    for (auto const& each : whole->spans) {
        auto const expected = each.name == "leaf" ? "branch" : each.name == "branch" ? "shared" : "";
        wrong += each.parent && names[each.parent.value] != expected ? 1U : 0U;
    }
    CHECK(wrong == 0);
    CHECK(measured(tracer).at("trace_traces_total") == threads * rounds + 1);
}
