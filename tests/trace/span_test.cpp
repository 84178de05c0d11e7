// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/tracer.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;

namespace {

using manual_tracer = trace::basic_tracer<orfeas::manual_clock>;

/// The only trace that the tracer holds.
template<class Tracer>
trace::stored_trace only_trace(Tracer const& tracer) {
    auto const list = tracer.store().recent(2);
    REQUIRE(list.size() == 1);
    return *tracer.store().find(list.front().id);
}

trace::stored_span const& named(trace::stored_trace const& whole, std::string_view name) {
    for (auto const& each : whole.spans) {
        if (each.name == name) {
            return each;
        }
    }
    FAIL("no span " << name);
    return whole.spans.front();
}

std::string parent_name(trace::stored_trace const& whole, std::string_view name) {
    auto const parent = named(whole, name).parent;
    for (auto const& each : whole.spans) {
        if (each.id == parent) {
            return each.name;
        }
    }
    return "";
}

} // namespace

TEST_CASE("trace: spans nest by scope and tell their times") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{}, clock};
    {
        auto request = tracer.span("request");
        clock.advance(1ms);
        {
            auto decode = tracer.span("decode");
            clock.advance(2ms);
            trace::span inner{"inner"};
            clock.advance(3ms);
        }
        trace::span after{"after"};
        clock.advance(4ms);
    }
    auto const whole = only_trace(tracer);
    REQUIRE(whole.spans.size() == 4);
    CHECK(whole.summary.name == "request");
    CHECK(whole.summary.duration == 10ms);
    CHECK_FALSE(named(whole, "request").parent);
    CHECK(parent_name(whole, "decode") == "request");
    CHECK(parent_name(whole, "inner") == "decode");
    CHECK(parent_name(whole, "after") == "request");
    CHECK(named(whole, "decode").start == 1ms);
    CHECK(named(whole, "decode").duration == 5ms);
    CHECK(named(whole, "inner").start == 3ms);
    CHECK(named(whole, "inner").duration == 3ms);
    CHECK(named(whole, "after").start == 6ms);
}

TEST_CASE("trace: attributes keep their type, and the last value of a key counts") {
    trace::tracer tracer;
    {
        auto s = tracer.span("s");
        s.set("flag", true);
        s.set("int", -7);
        s.set("size", std::size_t{7});
        s.set("huge", std::numeric_limits<std::uint64_t>::max());
        s.set("ratio", 0.5F);
        s.set("text", "literal");
        s.set("owned", std::string{"string"});
        s.set("empty", "");
        s.set("int", 8);
    }
    auto const whole = only_trace(tracer);
    auto const& s = whole.spans.front();
    CHECK(s.attributes.size() == 8);
    CHECK(*s.find("flag") == trace::attribute_value{true});
    CHECK(*s.find("int") == trace::attribute_value{std::int64_t{8}});
    CHECK(*s.find("size") == trace::attribute_value{std::int64_t{7}});
    CHECK(*s.find("huge") == trace::attribute_value{18446744073709551615.0});
    CHECK(*s.find("ratio") == trace::attribute_value{0.5});
    CHECK(*s.find("text") == trace::attribute_value{std::string{"literal"}});
    CHECK(*s.find("owned") == trace::attribute_value{std::string{"string"}});
    CHECK(*s.find("empty") == trace::attribute_value{std::string{}});
    CHECK(s.find("absent") == nullptr);
}

TEST_CASE("trace: random attributes come back as a plain map has them") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 50; ++round) {
        trace::tracer tracer;
        std::map<std::string, trace::attribute_value> model;
        {
            auto s = tracer.span("s");
            for (std::size_t count = random() % 60; count > 0; --count) {
                std::string const key(1 + random() % 40, static_cast<char>('a' + random() % 4));
                if (random() % 2 == 0) {
                    auto const number = static_cast<std::int64_t>(random());
                    s.set(key, number);
                    model[key] = number;
                } else {
                    std::string const text(random() % 400, static_cast<char>('a' + random() % 26));
                    s.set(key, text);
                    model[key] = text;
                }
            }
        }
        auto const whole = only_trace(tracer);
        std::map<std::string, trace::attribute_value> const read(whole.spans.front().attributes.begin(),
                                                                 whole.spans.front().attributes.end());
        CHECK(read == model);
    }
}

TEST_CASE("trace: long names, keys and texts are cut") {
    trace::tracer tracer;
    {
        auto s = tracer.span(std::string(1000, 'n'));
        s.set(std::string(1000, 'k'), std::string(5000, 'v'));
    }
    auto const whole = only_trace(tracer);
    CHECK(whole.summary.name == std::string(128, 'n'));
    CHECK(*whole.spans.front().find(std::string(255, 'k')) == trace::attribute_value{std::string(1024, 'v')});
}

TEST_CASE("trace: a span that failed says why, and so does its trace") {
    trace::tracer tracer;
    {
        auto good = tracer.span("good");
        trace::span bad{"bad"};
        bad.fail("no such picture");
    }
    auto const whole = only_trace(tracer);
    CHECK(whole.summary.status == trace::span_status::error);
    CHECK(named(whole, "good").status == trace::span_status::unset);
    CHECK(named(whole, "bad").status == trace::span_status::error);
    CHECK(named(whole, "bad").failure == "no such picture");
}

TEST_CASE("trace: an exception fails the spans that it leaves, and only those") {
    trace::tracer tracer;
    {
        auto outer = tracer.span("outer");
        try {
            trace::span left{"left"};
            trace::span told{"told"};
            told.fail("first reason");
            throw std::runtime_error{"boom"};
        } catch (std::runtime_error const&) {
            trace::span in_handler{"in_handler"};
        }
        trace::span after{"after"};
    }
    auto const whole = only_trace(tracer);
    CHECK(named(whole, "left").status == trace::span_status::error);
    CHECK(named(whole, "left").failure == "left by an exception");
    CHECK(named(whole, "told").failure == "first reason");
    CHECK(named(whole, "in_handler").status == trace::span_status::unset);
    CHECK(named(whole, "after").status == trace::span_status::unset);
    CHECK(named(whole, "outer").status == trace::span_status::unset);
}

TEST_CASE("trace: a span without a trace is nothing") {
    trace::span s{"s"};
    s.set("key", 1);
    s.fail();
    CHECK_FALSE(s.recording());
    CHECK_FALSE(s.context());
    CHECK_FALSE(s.ids());
    trace::annotate("key", 1);
    trace::annotate_failure("why");
    CHECK_FALSE(trace::current_context());
}

TEST_CASE("trace: an explicit parent counts more than the current span") {
    trace::tracer tracer;
    {
        auto root = tracer.span("root");
        auto const parent = root.context();
        trace::span current{"current"};
        trace::span child{"child", parent};
        trace::span grandchild{"grandchild"};
    }
    auto const whole = only_trace(tracer);
    CHECK(parent_name(whole, "current") == "root");
    CHECK(parent_name(whole, "child") == "root");
    CHECK(parent_name(whole, "grandchild") == "child");
}

TEST_CASE("trace: a detached span ends on another thread and is never current") {
    trace::tracer tracer;
    {
        auto root = tracer.span("root");
        trace::detached_span job{"job"};
        trace::span sibling{"sibling"};
        std::thread worker{[moved = std::move(job)]() mutable {
            moved.set("where", "worker");
            trace::span below{"below", moved.context()};
            moved.end();
            moved.set("late", true);
        }};
        worker.join();
    }
    auto const whole = only_trace(tracer);
    CHECK(parent_name(whole, "job") == "root");
    CHECK(parent_name(whole, "sibling") == "root");
    CHECK(parent_name(whole, "below") == "job");
    CHECK(named(whole, "job").attributes.size() == 1);
}

TEST_CASE("trace: a trace ends with its last span, also after its root") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{}, clock};
    trace::detached_span late;
    {
        auto root = tracer.span("root");
        late = trace::detached_span{"late"};
        clock.advance(1ms);
    }
    CHECK(tracer.store().recent(1).empty());
    CHECK(tracer.active() == 1);
    clock.advance(5ms);
    late.end();
    CHECK(tracer.active() == 0);
    auto const whole = only_trace(tracer);
    CHECK(whole.summary.duration == 1ms);
    CHECK(named(whole, "late").duration == 6ms);
}

TEST_CASE("trace: a span begun after its trace ended stays in that trace") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{}, clock};
    trace::context kept;
    {
        auto root = tracer.span("root");
        trace::span child{"child"};
        kept = child.context();
    }
    clock.advance(1s);
    {
        trace::span late{"late", kept};
        trace::span below{"below"};
    }
    auto const list = tracer.store().recent(10);
    REQUIRE(list.size() == 2);
    CHECK(list[0].id == list[1].id);
    auto const whole = *tracer.store().find(list[0].id);
    CHECK(whole.summary.name == "root");
    CHECK(whole.spans.size() == 4);
    CHECK(parent_name(whole, "late") == "child");
    CHECK(parent_name(whole, "below") == "late");
    CHECK(named(whole, "late").start == 1s);
}

TEST_CASE("trace: annotations reach the current span from anywhere") {
    trace::tracer tracer;
    {
        auto root = tracer.span("root");
        root.set("key", 1);
        auto const here = trace::capture();
        std::vector<std::thread> workers;
        for (int i = 0; i < 4; ++i) {
            workers.emplace_back([&here, i] {
                trace::scope const inherit{here};
                trace::annotate("worker" + std::to_string(i), i);
            });
        }
        for (int i = 0; i < 100; ++i) {
            root.set("count", i);
        }
        for (auto& each : workers) {
            each.join();
        }
        trace::annotate_failure("gave up");
    }
    auto const whole = only_trace(tracer);
    REQUIRE(whole.summary.spans == 1);
    auto const& root = whole.spans.front();
    CHECK(root.status == trace::span_status::error);
    CHECK(root.failure == "gave up");
    CHECK(*root.find("worker3") == trace::attribute_value{std::int64_t{3}});
    CHECK(*root.find("count") == trace::attribute_value{std::int64_t{99}});
    CHECK(root.attributes.size() == 6);
}
