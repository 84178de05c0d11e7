// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/cuda_nvtx.hpp>
#include <orfeas/trace/stored_trace.hpp>
#include <orfeas/trace/tracer.hpp>

#include <string>
#include <thread>
#include <utility>

namespace trace = orfeas::trace;

TEST_CASE("trace: a span with a range for NVIDIA's tools is a span like others") {
    trace::tracer tracer;
    trace::nvtx_domain const tools{"test"};
    trace::gpu_timeline gpu{0, {}, nullptr};
    {
        auto const request = tracer.span("request");
        trace::nvtx_span decode{tools, "decode"};
        decode->set("bytes", 5);
        trace::nvtx_gpu_span smooth{tools, "smooth", gpu, nullptr};
        CHECK(smooth->recording());
    }
    auto const spans = tracer.store().find(tracer.store().recent(1).at(0).id).value().spans;
    REQUIRE(spans.size() == 3);
    CHECK(spans[1].name == "decode");
    CHECK(spans[1].find("bytes") != nullptr);
    CHECK(spans[2].name == "smooth");
    CHECK(spans[2].parent == spans[1].id);
}

TEST_CASE("trace: ranges take names of any length and may end on another thread") {
    trace::nvtx_domain const tools{"test"};
    trace::nvtx_range const without_name{tools, ""};
    trace::nvtx_range const with_long_name{tools, std::string(5000, 'x')};
    auto* const range = new trace::nvtx_range{tools, "handed over"};
    std::thread{[range] { delete range; }}.join();
    SUCCEED("nothing to see without a tool");
}
