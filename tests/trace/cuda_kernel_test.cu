// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/cuda.hpp>
#include <orfeas/trace/cuda_nvtx.hpp>
#include <orfeas/trace/stored_trace.hpp>
#include <orfeas/trace/tracer.hpp>

#include <cuda_runtime.h>

#include <thread>
#include <variant>

namespace trace = orfeas::trace;

namespace {

__global__ void spin(long long ticks) {
    auto const begin = clock64();
    while (clock64() - begin < ticks) {}
}

bool has_device() {
    int devices = 0;
    return cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;
}

double number(trace::stored_span const& of, char const* key) {
    auto const* const value = of.find(key);
    REQUIRE(value != nullptr);
    return std::get<double>(*value);
}

} // namespace

TEST_CASE("trace: kernels are timed on the GPU, one after another on their stream") {
    if (!has_device()) {
        ORFEAS_TEST_SKIP("no CUDA device");
    }
    trace::gpu_timeline gpu;
    REQUIRE(gpu.usable());
    cudaStream_t stream = nullptr;
    REQUIRE(cudaStreamCreate(&stream) == cudaSuccess);
    trace::nvtx_domain const tools{"orfeas test"};
    trace::tracer tracer;
    {
        auto const request = tracer.span("request");
        for (long long const ticks : {1'000'000LL, 4'000'000LL}) {
            trace::nvtx_gpu_span const g{tools, "spin", gpu, stream};
            spin<<<1, 1, 0, stream>>>(ticks);
        }
    }
    while (gpu.poll() > 0) {
        std::this_thread::yield();
    }
    REQUIRE(cudaStreamDestroy(stream) == cudaSuccess);
    auto const spans = tracer.store().find(tracer.store().recent(1).at(0).id).value().spans;
    REQUIRE(spans.size() == 3);
    CHECK(number(spans[1], "gpu.duration_us") > 100);
    CHECK(number(spans[2], "gpu.duration_us") > 2 * number(spans[1], "gpu.duration_us"));
    CHECK(number(spans[2], "gpu.queue_us") >= 0);
    CHECK(gpu.timed() == 2);
}

TEST_CASE("trace: a capture of a graph is left alone") {
    if (!has_device()) {
        ORFEAS_TEST_SKIP("no CUDA device");
    }
    trace::gpu_timeline gpu;
    cudaStream_t stream = nullptr;
    cudaStream_t other = nullptr;
    REQUIRE(cudaStreamCreate(&stream) == cudaSuccess);
    REQUIRE(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking) == cudaSuccess);
    trace::tracer tracer;
    {
        auto const request = tracer.span("request");
        { trace::gpu_span const before{gpu, other, "before"}; }
        REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
        {
            trace::gpu_span const captured{gpu, stream, "captured"};
            spin<<<1, 1, 0, stream>>>(1000);
        }
        gpu.poll(); // asks about events meanwhile, which would end the capture of a careless one
        cudaGraph_t graph = nullptr;
        REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
        REQUIRE(cudaGraphDestroy(graph) == cudaSuccess);
    }
    while (gpu.poll() > 0) {
        std::this_thread::yield();
    }
    CHECK(gpu.untimed(trace::untimed_reason::capture) == 1);
    CHECK(gpu.timed() == 1);
    REQUIRE(cudaStreamDestroy(stream) == cudaSuccess);
    REQUIRE(cudaStreamDestroy(other) == cudaSuccess);
}
