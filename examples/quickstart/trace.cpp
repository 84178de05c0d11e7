// SPDX-License-Identifier: MIT
// A request as a trace: spans nest by scope, and the store gives the finished tree back.
#include <orfeas/trace.hpp>

#include <cstdio>
#include <thread>

namespace trace = orfeas::trace;

void work(char const* name, int milliseconds) {
    trace::span s{name}; // a child of whatever span is current
    s.set("asked_ms", milliseconds);
    std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds});
}

int main() {
    trace::tracer tracer;
    {
        auto request = tracer.span("request");
        work("decode", 3);
        auto relief = tracer.span("relief");
        std::thread smooth{[parent = relief.context()] {
            trace::scope const inherit{parent}; // carries the trace to this thread
            work("smooth", 5);
        }};
        work("edges", 2);
        smooth.join();
    }
    auto const whole = tracer.store().find(tracer.store().recent(1).at(0).id).value();
    for (auto const& s : whole.spans) {
        std::printf("%-8s %s below %s: %.2f ms\n", s.name.c_str(), to_string(s.id).c_str(), to_string(s.parent).c_str(),
                    double(s.duration.count()) / 1e6);
    }
}
