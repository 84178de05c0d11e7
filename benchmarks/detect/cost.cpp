// SPDX-License-Identifier: MIT

#include "cost.hpp"

#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"

#include <orfeas/detect/outlier_detector.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace bench::detect {

namespace {

using orfeas::detect::outlier_detector;
using orfeas::detect::sample;

/// A daily wave with noise, one value a minute.
std::vector<sample> metric(std::size_t size) {
    std::mt19937_64 random{7};
    std::normal_distribution<> noise{0, 0.3};
    std::vector<sample> made;
    for (std::size_t i = 0; i < size; ++i) {
        double const wave = std::sin(static_cast<double>(i) * 6.283185307 / 1440);
        made.push_back({std::chrono::minutes{i}, 10 + 3 * wave + noise(random)});
    }
    return made;
}

} // namespace

void measure_cost(report& to) {
    auto const samples = metric(to.arguments().quick ? 50'000 : 200'000);
    outlier_detector judge;
    auto const judge_all = [&] {
        for (auto const& each : samples) {
            auto const verdict = judge.update(each);
            benchmark::DoNotOptimize(verdict);
        }
    };
    auto const times = race({{"ours", static_cast<double>(samples.size()), judge_all}}, 7);
    to.add({.bench = "detect", .name = "outlier, a sample", .unit = "ns", .ours = times[0]});
    outlier_detector fresh;
    std::uint64_t const before = allocations();
    for (auto const& each : samples) {
        auto const verdict = fresh.update(each);
        benchmark::DoNotOptimize(verdict);
    }
    std::uint64_t const made = allocations() - before;
    to.add({.bench = "detect",
            .name = "outlier, allocations after construction",
            .unit = "",
            .ours = static_cast<double>(made),
            .target = bar{"ours", "<=", 0}});
    to.add({.bench = "detect",
            .name = "outlier, size",
            .unit = "bytes",
            .ours = static_cast<double>(sizeof(outlier_detector)),
            .target = bar{"ours", "<=", 16'384}});
}

} // namespace bench::detect
