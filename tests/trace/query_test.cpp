// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/query.hpp>
#include <orfeas/trace/tracer.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;

namespace {

using manual_tracer = trace::basic_tracer<orfeas::manual_clock>;

constexpr trace::instrumentation_scope meshing{"studio.meshing", "1.2.0"};

std::vector<std::string> names(trace::trace_page const& page) {
    std::vector<std::string> all;
    for (auto const& each : page.traces) {
        all.push_back(each.name);
    }
    return all;
}

/// A second of nothing, then a trace of `duration` with a child "decode" that has {"format": format, "size": size}.
void record(manual_tracer& tracer, orfeas::manual_clock& clock, std::string_view name,
            std::chrono::nanoseconds duration, std::string_view format = "png", int size = 1) {
    clock.advance(1s);
    auto root = tracer.root(name);
    trace::span child{"decode", meshing};
    child.set("format", format);
    child.set("size", size);
    clock.advance(duration);
}

} // namespace

TEST_CASE("trace: traces are found by each condition") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.service = "studio"}, clock};
    auto const begin = clock.wall_now();
    record(tracer, clock, "a", 1ms);
    record(tracer, clock, "b", 10ms, "jpeg", 2);
    record(tracer, clock, "c", 100ms, "pgm", 3);
    {
        clock.advance(1s);
        auto root = tracer.root("d");
        root.fail();
    }
    auto const found = [&](trace::trace_query const& query) { return names(tracer.store().find(query)); };
    using list = std::vector<std::string>;
    CHECK(found({}) == list{"d", "c", "b", "a"});
    CHECK(found({.service = "studio", .operation = "b"}) == list{"b"});
    CHECK(found({.service = "other"}).empty());
    CHECK(found({.operation = "decode"}) == list{"c", "b", "a"});
    CHECK(found({.scope = "studio.meshing"}) == list{"c", "b", "a"});
    CHECK(found({.min_duration = 10ms}) == list{"c", "b"});
    CHECK(found({.operation = "decode", .max_duration = 10ms}) == list{"b", "a"});
    CHECK(found({.since = begin + 3s}) == list{"d", "c"});
    CHECK(found({.until = begin + 2s}) == list{"a"});
    CHECK(found({.failed = true}) == list{"d"});
    CHECK(found({.attribute_key = "format"}) == list{"c", "b", "a"});
    CHECK(found({.attribute_key = "format", .attribute_value = "jpeg"}) == list{"b"});
    CHECK(found({.attribute_key = "size", .attribute_value = "3"}) == list{"c"});
    CHECK(found({.attribute_key = "size", .attribute_value = "4"}).empty());
    CHECK(found({.most = 0}).empty());
}

TEST_CASE("trace: an attribute's value is compared as text") {
    CHECK(trace::detail::is_written(true, "true"));
    CHECK(trace::detail::is_written(false, "false"));
    CHECK(trace::detail::is_written(-12, "-12"));
    CHECK(trace::detail::is_written(0.5, "0.5"));
    CHECK(trace::detail::is_written("x", "x"));
    CHECK_FALSE(trace::detail::is_written(12, "1"));
}

TEST_CASE("trace: pages give every trace once, also while others arrive and leave") {
    orfeas::manual_clock clock;
    manual_tracer tracer{{.stored_traces = 50, .slow_traces = 0}, clock};
    for (int i = 0; i < 40; ++i) {
        record(tracer, clock, std::to_string(i), 1ms);
    }
    trace::trace_query query{.most = 7};
    std::vector<std::string> all;
    for (auto page = tracer.store().find(query);; page = tracer.store().find(query)) {
        REQUIRE(page.traces.size() <= 7);
        for (auto const& name : names(page)) {
            all.push_back(name);
        }
        if (!page.next) {
            break;
        }
        query.before = *page.next;
        record(tracer, clock, "new", 1ms);
    }
    REQUIRE(all.size() == 40);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i] == std::to_string(39 - i));
    }
    CHECK_FALSE(tracer.store().find(trace::trace_query{.operation = "0", .most = 1}).next);
}
