// SPDX-License-Identifier: MIT

#include "trace/spans.hpp"

#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"

#include <orfeas/core/tick_counter.hpp>
#include <orfeas/trace.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace trace = orfeas::trace;

constexpr std::size_t spans_per_trace = 64; // what the level-1 cache holds

/// Five texts of 2 to 12 characters, which the compiler cannot see.
std::array<std::string, 5> const& texts() {
    static std::array<std::string, 5> const all = {"png", "meshes/hero", "10.0.0.7:80", "eu-central-1", "ok"};
    return all;
}

void plain() {
    trace::span s{"decode"};
    benchmark::DoNotOptimize(s);
}

void with_scalars() {
    trace::span s{"decode"};
    s.set("image.width", 640);
    s.set("image.height", 480);
    s.set("image.scale", 0.5);
    s.set("cache.hit", true);
    s.set("batch.size", 8);
    benchmark::DoNotOptimize(s);
}

void with_texts() {
    auto const& all = texts();
    trace::span s{"decode"};
    s.set("image.format", all[0]);
    s.set("object.key", all[1]);
    s.set("peer.address", all[2]);
    s.set("cloud.region", all[3]);
    s.set("result", all[4]);
    benchmark::DoNotOptimize(s);
}

/// Nanoseconds of a tick of the processor's counter.
double tick_nanoseconds() {
    auto const ticks = orfeas::tick_counter::read();
    auto const begin = detail::nanoseconds_of(CLOCK_MONOTONIC);
    while (detail::nanoseconds_of(CLOCK_MONOTONIC) - begin < 5e7) {}
    auto const passed = detail::nanoseconds_of(CLOCK_MONOTONIC) - begin;
    return passed / static_cast<double>(orfeas::tick_counter::read() - ticks);
}

/// Nanoseconds of one `step` below an open root: the median of many traces. The first half of a trace's steps warms up.
template<class Step>
double in_open_trace(trace::tracer& tracer, std::size_t traces, Step step) {
    std::vector<double> times;
    times.reserve(traces);
    for (std::size_t i = 0; i < traces; ++i) {
        auto root = tracer.root("request");
        for (std::size_t k = 0; k < spans_per_trace / 2; ++k) {
            step();
        }
        auto const begin = orfeas::tick_counter::read();
        for (std::size_t k = 0; k < spans_per_trace / 2; ++k) {
            step();
        }
        times.push_back(static_cast<double>(orfeas::tick_counter::read() - begin) / (spans_per_trace / 2.0));
    }
    static double const tick = tick_nanoseconds();
    return median_of(std::move(times)) * tick;
}

/// A root and nine children with five attributes each.
void ten_spans(trace::tracer& tracer) {
    auto root = tracer.root("request");
    root.set("image.width", 640);
    root.set("image.height", 480);
    root.set("image.scale", 0.5);
    root.set("cache.hit", true);
    root.set("batch.size", 8);
    for (int i = 0; i < 9; ++i) {
        with_scalars();
    }
}

void measure_unrecorded(report& to, std::size_t operations, int rounds) {
    trace::tracer off{{.enabled = false}};
    trace::tracer unsampled{{.sample_ratio = 0, .record_unsampled = false}};
    auto const loop = [&](auto step) {
        return [=] {
            for (std::size_t i = 0; i < operations; ++i) {
                step();
            }
        };
    };
    auto const count = static_cast<double>(operations);
    auto const outside = race({{"no trace", count, loop([] { plain(); })},
                               {"off", count, loop([&] {
                                    auto s = off.span("decode");
                                    benchmark::DoNotOptimize(s);
                                })},
                               {"root", count, loop([&] {
                                    auto s = unsampled.root("request");
                                    benchmark::DoNotOptimize(s);
                                })}},
                              rounds);
    auto const root = unsampled.root("request");
    auto const inside = race({{"unsampled", count, loop([] { plain(); })}}, rounds);
    to.add(
        {.bench = "trace", .name = "span, no trace", .unit = "ns", .ours = outside[0], .target = bar{"ours", "<=", 2}});
    to.add({.bench = "trace",
            .name = "span of a tracer that is off",
            .unit = "ns",
            .ours = outside[1],
            .target = bar{"ours", "<=", 2}});
    to.add({.bench = "trace",
            .name = "span in a trace that is not sampled",
            .unit = "ns",
            .ours = inside[0],
            .target = bar{"ours", "<=", 5}});
    to.add({.bench = "trace", .name = "root of a trace that is not sampled", .unit = "ns", .ours = outside[2]});
}

void measure_recorded(report& to, std::size_t traces) {
    trace::tracer tracer{{.keep_ratio = 0}};
    double const plain_ns = in_open_trace(tracer, traces, [] { plain(); });
    double const scalars_ns = in_open_trace(tracer, traces, [] { with_scalars(); });
    double const texts_ns = in_open_trace(tracer, traces, [] { with_texts(); });
    double const ticks_ns = in_open_trace(tracer, traces, [] {
        benchmark::DoNotOptimize(orfeas::tick_counter::read());
        benchmark::DoNotOptimize(orfeas::tick_counter::read());
    });
    auto const row = [&](char const* name, double ns, double bar_ns) {
        to.add({.bench = "trace",
                .name = name,
                .unit = "ns",
                .ours = ns,
                .peers = {{"two readings of the counter", ticks_ns}},
                .target = bar{"ours", "<=", bar_ns}});
    };
    row("recorded span", plain_ns, 40);
    row("recorded span, 5 scalars", scalars_ns, 55);
    row("recorded span, 5 short texts", texts_ns, 110);
}

void measure_dropped_trace(report& to, std::size_t traces, int rounds) {
    trace::tracer tracer{{.keep_ratio = 0}};
    auto const times = race({{"dropped", static_cast<double>(traces),
                              [&] {
                                  for (std::size_t i = 0; i < traces; ++i) {
                                      ten_spans(tracer);
                                  }
                              }}},
                            rounds);
    to.add({.bench = "trace",
            .name = "trace of 10 spans with 5 attributes, dropped",
            .unit = "ns",
            .ours = times[0],
            .target = bar{"ours", "<=", 450}});
}

void measure_memory(report& to) {
    trace::tracer tracer{{.keep_ratio = 0}};
    trace::tracer keeping{{.spans_per_trace = 4096}};
    for (int i = 0; i < 10'000; ++i) {
        ten_spans(tracer);
    }
    auto const before = allocations();
    for (int i = 0; i < 1000; ++i) {
        ten_spans(tracer);
        with_texts();
    }
    auto const made = allocations() - before; // not below, where the name's memory would be counted
    to.add({.bench = "trace",
            .name = "allocations of 11,000 spans, warm",
            .unit = "allocations",
            .ours = static_cast<double>(made),
            .target = bar{"ours", "<=", 0}});
    constexpr int spans = 3200;
    {
        auto const root = keeping.root("request");
        for (int i = 1; i < spans; ++i) {
            with_scalars();
        }
    }
    auto const bytes = static_cast<double>(keeping.store().stats().stored_bytes);
    to.add({.bench = "trace",
            .name = "memory of a span with 5 attributes",
            .unit = "B",
            .ours = (bytes - static_cast<double>(sizeof(trace::detail::segment))) / spans,
            .target = bar{"ours", "<=", 192}});
}

} // namespace

void measure_spans(report& to) {
    std::thread{[] {}}.join(); // from now on the C++ library counts references atomically, as in any service
    bool const quick = to.arguments().quick;
    int const rounds = quick ? 11 : 41;
    measure_unrecorded(to, 100'000, rounds);
    measure_recorded(to, quick ? 4'000 : 40'000);
    measure_dropped_trace(to, 10'000, rounds);
    measure_memory(to);
}

} // namespace bench
