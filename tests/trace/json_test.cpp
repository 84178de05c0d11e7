// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/trace/json.hpp>
#include <orfeas/trace/tracer.hpp>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;

TEST_CASE("trace: a trace as JSON, as the API answers it") {
    orfeas::manual_clock clock{orfeas::wall_time{1'700'000'000'500ms}};
    trace::basic_tracer<orfeas::manual_clock> tracer{{}, clock};
    trace::span_context root;
    trace::span_context child;
    {
        auto outer = tracer.span("POST /x");
        root = outer.ids();
        outer.set("http.status", 503);
        outer.set("ok", false);
        clock.advance(1500us);
        trace::span inner{"decode \"png\""};
        child = inner.ids();
        inner.fail("truncated");
        clock.advance(500us);
    }
    auto const summary = tracer.store().recent(1).at(0);
    CHECK(orfeas::to_json(summary) ==
          R"({"trace_id":")" + to_string(root.trace) +
              R"(","service":"orfeas","name":"POST /x","start":1700000000.5,"duration_ms":2,"spans":2,)"
              R"("dropped":0,"status":"error","kept_by":"error"})");
    CHECK(
        orfeas::to_json(*tracer.store().find(root.trace)) ==
        R"({"trace_id":")" + to_string(root.trace) +
            R"(","service":"orfeas","name":"POST /x","start":1700000000.5,"duration_ms":2,"dropped":0,"status":"error",)"
            R"("kept_by":"error","spans":[)"
            R"({"span_id":")" +
            to_string(root.span) +
            R"(","parent_id":null,"name":"POST /x","kind":"internal","start_us":0,"duration_us":2000,)"
            R"("attributes":{"http.status":503,"ok":false},"status":"unset"},)"
            R"({"span_id":")" +
            to_string(child.span) + R"(","parent_id":")" + to_string(root.span) +
            R"(","name":"decode \"png\"","kind":"internal","start_us":1500,"duration_us":500,)"
            R"("attributes":{},"status":"error","failure":"truncated"}]})");
}
