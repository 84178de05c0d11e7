// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/span_context.hpp>

namespace trace = orfeas::trace;

TEST_CASE("trace: a span context needs both ids to name a span") {
    CHECK_FALSE(trace::span_context{});
    CHECK_FALSE(trace::span_context{{1, 2}, {}, 1});
    CHECK_FALSE(trace::span_context{{}, {3}, 1});
    CHECK(trace::span_context{{0, 2}, {3}, 0});
}

TEST_CASE("trace: the flags of a span context are single bits") {
    trace::span_context const both{{1, 2}, {3}, 0xff};
    CHECK(both.sampled());
    CHECK(both.random());
    trace::span_context const neither{{1, 2}, {3}, 0xfc};
    CHECK_FALSE(neither.sampled());
    CHECK_FALSE(neither.random());
}

TEST_CASE("trace: a remote parent keeps its ids and its tracestate") {
    trace::span_context const ids{{1, 2}, {3}, 1};
    CHECK(trace::remote_parent{ids}.tracestate().empty());
    CHECK(trace::remote_parent{ids, "vendor=1"}.ids() == ids);
    CHECK(trace::remote_parent{ids, "vendor=1"}.tracestate() == "vendor=1");
}
