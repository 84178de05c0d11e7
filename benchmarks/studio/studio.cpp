// SPDX-License-Identifier: MIT
//
// What the pool and full instrumentation add to making a mesh, against the same pipeline with the plain allocator and
// everything compiled out.

#include "pipeline/generate.hpp"
#include "service/stage_recorder.hpp"
#include "support/interleaved.hpp"
#include "support/report.hpp"

#include <orfeas/memory.hpp>
#include <orfeas/metrics.hpp>
#include <orfeas/trace.hpp>

#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>
#include <span>
#include <vector>

namespace {

std::vector<char> const& picture() {
    static std::vector<char> const bytes = [] {
        std::ifstream file{ORFEAS_BENCH_PICTURE, std::ios::binary};
        return std::vector<char>{std::istreambuf_iterator<char>{file}, {}};
    }();
    return bytes;
}

studio::parameters const asked{.resolution = 256};

/// One request's worth of the service's work: below a root span, every stage a span and a histogram value.
void observed(benchmark::State& state) {
    orfeas::memory::pool pool{orfeas::memory::host_vmm{orfeas::memory::default_host_capacity()}};
    orfeas::metrics::registry metrics;
    orfeas::trace::tracer tracer;
    studio::stage_recorder stages{metrics, tracer};
    studio::host_relief relief;
    for (auto _ : state) {
        auto const request = tracer.span("generate");
        auto const mesh = studio::generate(pool, relief, std::as_bytes(std::span{picture()}), asked, stages);
        benchmark::DoNotOptimize(mesh.bytes().data());
    }
}

void plain(benchmark::State& state) {
    orfeas::memory::heap_resource heap;
    studio::host_relief relief;
    for (auto _ : state) {
        auto const mesh =
            studio::generate(heap, relief, std::as_bytes(std::span{picture()}), asked, studio::no_instrument{});
        benchmark::DoNotOptimize(mesh.bytes().data());
    }
}

} // namespace

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "studio", [](bench::report& report) {
        benchmark::RegisterBenchmark("observed", observed)->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark("plain", plain)->Unit(benchmark::kMillisecond);
        auto const medians = bench::run_interleaved(report.arguments().quick ? 15 : 40, "0.2");
        report.add({.bench = "studio",
                    .name = "generate, 512x512 picture to 256x256 grid",
                    .unit = "ms CPU",
                    .ours = medians.median("observed"),
                    .peers = {{"plain", medians.median("plain")}},
                    .target = bench::bar{"ratio:plain", ">=", 1 / 1.05}});
    });
}
