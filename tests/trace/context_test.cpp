// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/context.hpp>
#include <orfeas/trace/propagation.hpp>
#include <orfeas/trace/tracer.hpp>

#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace trace = orfeas::trace;

TEST_CASE("trace: the current context is that of the innermost span") {
    trace::tracer tracer;
    CHECK_FALSE(trace::current_context());
    {
        auto outer = tracer.span("outer");
        CHECK(trace::current_context() == outer.ids());
        {
            trace::span inner{"inner"};
            CHECK(trace::current_context() == inner.ids());
            CHECK(inner.ids().trace == outer.ids().trace);
            CHECK(inner.ids().span != outer.ids().span);
        }
        CHECK(trace::current_context() == outer.ids());
    }
    CHECK_FALSE(trace::current_context());
}

TEST_CASE("trace: a captured context carries the trace to another thread") {
    trace::tracer tracer;
    trace::span_context seen_without;
    trace::span_context seen_within;
    trace::span_context seen_after;
    auto root = tracer.span("root");
    std::thread worker{[&, parent = trace::capture()] {
        seen_without = trace::current_context();
        {
            trace::scope const inherit{parent};
            seen_within = trace::current_context();
            trace::span work{"work"};
        }
        seen_after = trace::current_context();
    }};
    worker.join();
    CHECK_FALSE(seen_without);
    CHECK(seen_within == root.ids());
    CHECK_FALSE(seen_after);
    CHECK(trace::current_context() == root.ids());
}

TEST_CASE("trace: an empty context hides the trace for a block") {
    trace::tracer tracer;
    auto root = tracer.span("root");
    {
        trace::scope const none{trace::context{}};
        CHECK_FALSE(trace::current_context());
        trace::span nothing{"nothing"};
        CHECK_FALSE(nothing.recording());
    }
    CHECK(trace::current_context() == root.ids());
}

TEST_CASE("trace: contexts copy, move and outlive spans and tracer") {
    trace::context kept;
    trace::span_context ids;
    {
        trace::tracer tracer;
        auto root = tracer.root("root", trace::remote_parent{trace::span_context{{1, 2}, {3}, 1}, "vendor=value"});
        ids = root.ids();
        trace::context copy = root.context();
        trace::context const moved = std::move(copy);
        kept = moved;
    }
    CHECK(kept.ids() == ids);
    CHECK(kept.tracestate() == "vendor=value");
    trace::span late{"late", kept};
    CHECK(late.recording());
}

TEST_CASE("trace: a span that ends on another thread leaves no trace behind on the first") {
    trace::tracer tracer;
    auto misplaced = std::make_unique<std::optional<trace::span>>();
    misplaced->emplace(std::string_view{"nothing"});
    auto holder = std::unique_ptr<trace::span>{new trace::span(tracer.span("misplaced"))};
    auto const id = holder->ids().trace;
    std::thread{[moved = std::move(holder)]() mutable { moved.reset(); }}.join();
    CHECK(tracer.store().find(id).has_value());
    CHECK_FALSE(trace::current_context());
    {
        auto next = tracer.span("next");
        CHECK(next.ids().trace != id);
    }
    CHECK_FALSE(trace::current_context());
}

TEST_CASE("trace: spans that end out of order neither crash nor leak") {
    trace::tracer tracer;
    {
        auto first = std::unique_ptr<trace::span>{new trace::span(tracer.span("first"))};
        auto second = std::unique_ptr<trace::span>{new trace::span(tracer.root("second"))};
        auto third = std::unique_ptr<trace::span>{new trace::span(tracer.span("third"))};
        first.reset();
        second.reset();
        third.reset();
    }
    CHECK(tracer.active() == 0);
    CHECK(tracer.store().recent(10).size() == 2);
    CHECK_FALSE(trace::current_context());
}

TEST_CASE("trace: baggage travels with the trace, into every thread and out again") {
    trace::tracer tracer;
    CHECK(trace::current_baggage().empty());
    CHECK_FALSE(trace::set_baggage("key", "value"));
    auto const from = trace::extract("", "", "tenant=acme");
    REQUIRE(from.has_value());
    trace::context kept;
    {
        auto root = tracer.root("root", from);
        CHECK(root.ids().random()); // a trace of its own
        CHECK(trace::current_baggage().text() == "tenant=acme");
        CHECK(trace::set_baggage("user", "a b"));
        CHECK_FALSE(trace::set_baggage("not a token", "x"));
        std::thread{[parent = trace::capture()] {
            trace::scope const inherit{parent};
            trace::span child{"child"};
            CHECK(*trace::current_baggage().find("user") == "a b");
        }}.join();
        CHECK(trace::current_baggage().text() == "tenant=acme,user=a%20b");
        kept = root.context();
    }
    trace::span late{"late", kept};
    CHECK(trace::current_baggage().size() == 2);
    auto other = tracer.root("other");
    CHECK(trace::current_baggage().empty());
}

TEST_CASE("trace: baggage travels also with traces that are not sampled") {
    trace::tracer tracer{{.sample_ratio = 0, .record_unsampled = false}};
    auto root = tracer.root("root", trace::extract("", "", "tenant=acme"));
    CHECK_FALSE(root.recording());
    CHECK(trace::current_baggage().text() == "tenant=acme");
}
