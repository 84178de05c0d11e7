// SPDX-License-Identifier: MIT
// Work on a GPU as spans: with the GPU's own times where there is one, as spans of the host where there is none.
#include <orfeas/core/json.hpp>
#include <orfeas/trace.hpp>
#include <orfeas/trace/cuda.hpp>

#include <cstdio>
#include <thread>
#include <variant>

namespace trace = orfeas::trace;

int main() {
    trace::tracer tracer;
    trace::gpu_timeline gpu; // of device 0
    {
        auto request = tracer.span("request");
        void* const stream = nullptr;                   // a cudaStream_t; this is the default one
        trace::gpu_span const g{gpu, stream, "smooth"}; // a child of the current span
        // here kernels are launched on the stream: smooth<<<blocks, threads, 0, stream>>>(in, out);
    }
    while (gpu.poll() > 0) { // an application calls this from a timer, every few milliseconds
        std::this_thread::yield();
    }
    auto const whole = tracer.store().find(tracer.store().recent(1).at(0).id).value();
    for (auto const& [key, value] : whole.spans.at(1).attributes) {
        std::visit([&](auto const& held) { std::printf("%s: %s\n", key.c_str(), orfeas::to_json(held).c_str()); },
                   value);
    }
}
