// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/options.hpp>

namespace trace = orfeas::trace;
using orfeas_test::contains;

TEST_CASE("trace: options come from the environment") {
    auto const read = orfeas::from_environment<trace::tracer_options>(
        {}, {"ORFEAS_TRACE_ENABLED=off", "ORFEAS_TRACE_STORED_TRACES=7", "ORFEAS_TRACE_STORED_BYTES=2MiB",
             "ORFEAS_TRACE_SLOW_KEEP=5min"});
    CHECK_FALSE(read.enabled);
    CHECK(read.stored_traces == 7);
    CHECK(read.stored_bytes == std::uint64_t{2} << 20U);
    CHECK(read.slow_keep == std::chrono::minutes{5});
    CHECK(read.spans_per_trace == trace::tracer_options{}.spans_per_trace);
}

TEST_CASE("trace: a wrong variable is named with its value and what is allowed") {
    auto const read = [](std::string_view variable) {
        return orfeas::from_environment<trace::tracer_options>({}, {variable});
    };
    CHECK_THROWS_WITH(read("ORFEAS_TRACE_STORED_TRACES=0"), contains("ORFEAS_TRACE_STORED_TRACES") && contains("'0'"));
    CHECK_THROWS_WITH(read("ORFEAS_TRACE_SLOW_KEEP=soon"), contains("ORFEAS_TRACE_SLOW_KEEP") && contains("'soon'"));
    CHECK_THROWS_WITH(read("ORFEAS_TRACE_SAMPLING=1"), contains("ORFEAS_TRACE_SAMPLING"));
}
