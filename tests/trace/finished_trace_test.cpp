// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/finished_trace.hpp>
#include <orfeas/trace/tracer.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;

namespace {

using manual_tracer = trace::basic_tracer<orfeas::manual_clock>;
using pairs = std::vector<std::pair<std::string, std::string>>;

template<class View>
pairs attributes_of(View const& of) {
    pairs list;
    of.for_each_attribute([&](std::string_view key, trace::attribute_ref const& value) {
        std::string text;
        switch (value.type()) {
        case trace::attribute_ref::type_of::boolean:
            text = value.boolean() ? "true" : "false";
            break;
        case trace::attribute_ref::type_of::integer:
            text = std::to_string(value.integer());
            break;
        case trace::attribute_ref::type_of::real:
            text = std::to_string(value.real());
            break;
        case trace::attribute_ref::type_of::text:
            text = value.text();
            break;
        }
        list.emplace_back(std::string{key}, text);
    });
    return list;
}

} // namespace

TEST_CASE("trace: what is kept is handed to the sink, whole, and can be read in place") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.service = "studio"}, clock};
    static constexpr trace::instrumentation_scope meshing{"studio.meshing", "1.2.0"};
    std::vector<trace::finished_trace> taken;
    tracer.set_sink([&](trace::finished_trace each) { taken.push_back(std::move(each)); });
    auto const begin = clock.wall_now();
    trace::span_context const remote{{1, 2}, {3}, 1};
    {
        auto root = tracer.root("POST /api", trace::remote_parent{remote, "vendor=1"}, trace::span_kind::server);
        clock.advance(1ms);
        trace::span child{"mesh", meshing, trace::span_kind::client};
        child.set("triangles", 12);
        child.event("retry", {{"attempt", 2}, {"why", std::string{"timeout"}}});
        child.set("triangles", 13);
        clock.advance(2ms);
        child.event("done");
        child.link({{7, 8}, {9}, 1}, {{"of", "batch"}});
        child.succeed();
    }
    tracer.set_sink(nullptr);
    { auto unseen = tracer.root("unseen"); }
    REQUIRE(taken.size() == 1);
    auto const& whole = taken.front();
    CHECK(whole.id() == remote.trace);
    CHECK(whole.service() == "studio");
    CHECK(whole.tracestate() == "vendor=1");
    CHECK(whole.sampled());
    CHECK(whole.reason() == trace::keep_reason::ratio);
    CHECK(whole.start() == begin);
    CHECK(whole.dropped() == 0);
    std::vector<std::string> names;
    whole.for_each_span([&](trace::span_view const& s) { names.emplace_back(s.name()); });
    CHECK(names == std::vector<std::string>{"POST /api", "mesh"});
    CHECK(whole.root().kind() == trace::span_kind::server);
    CHECK(whole.root().parent() == remote.span);
    CHECK(whole.root().scope() == nullptr);
    CHECK(whole.root().duration() == 3ms);
    whole.for_each_span([&](trace::span_view const& s) {
        if (s.name() != "mesh") {
            return;
        }
        CHECK(s.kind() == trace::span_kind::client);
        CHECK(s.status() == trace::span_status::ok);
        CHECK(s.scope()->version == "1.2.0");
        CHECK(s.parent() == whole.root().ids().span);
        CHECK(s.start() == 1ms);
        CHECK(attributes_of(s) == pairs{{"triangles", "13"}});
        std::vector<std::string> events;
        s.for_each_event([&](trace::event_view const& e) {
            events.push_back(std::string{e.name()} + std::to_string(e.time() / 1ms));
            if (e.name() == "retry") {
                CHECK(attributes_of(e) == pairs{{"attempt", "2"}, {"why", "timeout"}});
            } else {
                CHECK(attributes_of(e).empty());
            }
        });
        CHECK(events == std::vector<std::string>{"retry1", "done3"});
        int links = 0;
        s.for_each_link([&](trace::link_view const& l) {
            ++links;
            CHECK(l.to() == trace::span_context{{7, 8}, {9}, 1});
            CHECK(attributes_of(l) == pairs{{"of", "batch"}});
        });
        CHECK(links == 1);
    });
}

TEST_CASE("trace: traces that no sampler chose reach the sink only when something was wrong with them") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.sample_ratio = 0}, clock};
    std::vector<std::string> taken;
    tracer.set_sink([&](trace::finished_trace each) { taken.emplace_back(each.root().name()); });
    { auto good = tracer.root("good"); }
    {
        auto bad = tracer.root("bad");
        bad.fail();
    }
    CHECK(taken == std::vector<std::string>{"bad"});
    CHECK(tracer.store().recent(10).size() == 2);
}

TEST_CASE("trace: a finished trace outlives its tracer") {
    auto tracer = std::make_unique<trace::tracer>();
    std::vector<trace::finished_trace> taken;
    tracer->set_sink([&](trace::finished_trace each) { taken.push_back(std::move(each)); });
    { auto root = tracer->root("root"); }
    tracer.reset();
    REQUIRE(taken.size() == 1);
    auto const copy = taken.front();
    taken.clear();
    CHECK(copy.root().name() == "root");
    CHECK(copy.service() == "orfeas");
}

TEST_CASE("trace: an exception that a span is told of becomes an event") {
    trace::tracer tracer;
    std::vector<trace::finished_trace> taken;
    tracer.set_sink([&](trace::finished_trace each) { taken.push_back(std::move(each)); });
    {
        auto root = tracer.root("root");
        root.fail(std::runtime_error{"no such picture"});
    }
    auto const s = taken.at(0).root();
    CHECK(s.failure() == "no such picture");
    s.for_each_event([&](trace::event_view const& e) {
        CHECK(e.name() == "exception");
        CHECK(attributes_of(e) ==
              pairs{{"exception.type", "std::runtime_error"}, {"exception.message", "no such picture"}});
    });
}

TEST_CASE("trace: what others say of a span follows its own words, in order") {
    trace::tracer tracer;
    std::vector<trace::finished_trace> taken;
    tracer.set_sink([&](trace::finished_trace each) { taken.push_back(std::move(each)); });
    {
        auto root = tracer.root("root");
        root.set("own", std::string(300, 'a'));
        trace::annotate("note", std::string(300, 'b'));
        trace::annotate_event("seen", {{"n", 1}});
        root.set("later", std::string(200, 'c'));
        trace::annotate("note", 2);
        trace::annotate_failure("said by another");
    }
    auto const s = taken.at(0).root();
    CHECK(attributes_of(s) == pairs{{"own", std::string(300, 'a')}, {"later", std::string(200, 'c')}, {"note", "2"}});
    CHECK(s.status() == trace::span_status::error);
    CHECK(s.failure() == "said by another");
    int events = 0;
    s.for_each_event([&](trace::event_view const& e) {
        ++events;
        CHECK(attributes_of(e) == pairs{{"n", "1"}});
    });
    CHECK(events == 1);
}
