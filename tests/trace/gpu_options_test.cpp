// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/gpu_options.hpp>

#include <set>
#include <string_view>

namespace trace = orfeas::trace;

TEST_CASE("trace: a GPU timeline's options are read from the environment and checked") {
    auto const read =
        orfeas::from_environment(trace::gpu_timeline_options{},
                                 {"ORFEAS_GPU_TIMELINE_MOST_PENDING=7", "ORFEAS_GPU_TIMELINE_PENDING_TIMEOUT=5s"});
    CHECK(read.most_pending == 7);
    CHECK(read.pending_timeout == std::chrono::seconds{5});
    CHECK_THROWS_AS(orfeas::from_environment(trace::gpu_timeline_options{}, {"ORFEAS_GPU_TIMELINE_MOST_PENDING=0"}),
                    orfeas::option_error);
}

TEST_CASE("trace: each reason why a GPU span was not timed has a name of its own") {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < trace::untimed_reasons; ++i) {
        names.insert(to_string(static_cast<trace::untimed_reason>(i)));
    }
    CHECK(names.size() == trace::untimed_reasons);
    CHECK(names.count("unknown") == 0);
}
