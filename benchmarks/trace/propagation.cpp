// SPDX-License-Identifier: MIT

#include "trace/propagation.hpp"

#include "support/cpu_timer.hpp"

#include <orfeas/trace/propagation.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

namespace {

namespace trace = orfeas::trace;

/// Headers of different traces, so that nothing is learned by heart.
std::vector<std::string> headers(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint64_t const n = i + 1;
        all.emplace_back(trace::format_traceparent(
            {{n * 0x9e3779b97f4a7c15U, n * 0xbf58476d1ce4e5b9U}, {n * 0x94d049bb133111ebU}, 1}));
    }
    return all;
}

} // namespace

void measure_propagation(report& to) {
    constexpr std::size_t count = 1000;
    constexpr int passes = 50;
    auto const texts = headers(count);
    std::vector<trace::span_context> ids;
    for (auto const& text : texts) {
        ids.push_back(trace::parse_traceparent(text).value());
    }
    auto const each = [](auto const& list, auto step) {
        return [&list, step] {
            for (int pass = 0; pass < passes; ++pass) {
                for (auto const& item : list) {
                    step(item);
                }
            }
        };
    };
    double const operations = static_cast<double>(count) * passes;
    auto const times = race(
        {{"parse", operations,
          each(texts, [](std::string const& text) { benchmark::DoNotOptimize(trace::parse_traceparent(text)); })},
         {"format", operations,
          each(ids, [](trace::span_context const& id) { benchmark::DoNotOptimize(trace::format_traceparent(id)); })}},
        to.arguments().quick ? 11 : 41);
    to.add({.bench = "trace",
            .name = "traceparent, parsed",
            .unit = "ns",
            .ours = times[0],
            .target = bar{"ours", "<=", 60}});
    to.add({.bench = "trace",
            .name = "traceparent, written",
            .unit = "ns",
            .ours = times[1],
            .target = bar{"ours", "<=", 20}});
}

} // namespace bench
