// SPDX-License-Identifier: MIT

#include "cost.hpp"

#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"

#include <orfeas/detect/drift_detector.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/season_detector.hpp>
#include <orfeas/detect/spike_detector.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace bench::detect {

namespace {

using namespace orfeas::detect;

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

/// Judges all samples.
template<class D>
void judge_all(D& judge, std::vector<sample> const& samples) {
    for (auto const& each : samples) {
        auto const verdict = judge.update(each);
        benchmark::DoNotOptimize(verdict);
    }
}

template<class D>
void tell_space(report& to, std::string const& name, std::vector<sample> const& samples) {
    D fresh;
    std::uint64_t const before = allocations();
    judge_all(fresh, samples);
    std::uint64_t const made = allocations() - before;
    to.add({.bench = "detect",
            .name = name + ", allocations after construction",
            .unit = "",
            .ours = static_cast<double>(made),
            .target = bar{"ours", "<=", 0}});
    to.add({.bench = "detect",
            .name = name + ", size",
            .unit = "bytes",
            .ours = static_cast<double>(sizeof(D)),
            .target = bar{"ours", "<=", 16'384}});
}

} // namespace

void measure_cost(report& to) {
    auto const samples = metric(to.arguments().quick ? 50'000 : 200'000);
    auto const size = static_cast<double>(samples.size());
    outlier_detector outlier;
    spike_detector spike;
    drift_detector drift;
    season_detector season;
    metric_detector together;
    auto const times = race({{"outlier", size, [&] { judge_all(outlier, samples); }},
                             {"spike", size, [&] { judge_all(spike, samples); }},
                             {"drift", size, [&] { judge_all(drift, samples); }},
                             {"season", size, [&] { judge_all(season, samples); }},
                             {"metric", size, [&] { judge_all(together, samples); }}},
                            7);
    constexpr std::array names{"outlier", "spike", "drift", "season"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        to.add({.bench = "detect", .name = std::string{names[i]} + ", a sample", .unit = "ns", .ours = times[i]});
    }
    to.add({.bench = "detect",
            .name = "metric (all four), a sample",
            .unit = "ns",
            .ours = times[4],
            .target = bar{"ours", "<=", 250}});
    tell_space<outlier_detector>(to, "outlier", samples);
    tell_space<spike_detector>(to, "spike", samples);
    tell_space<drift_detector>(to, "drift", samples);
    tell_space<season_detector>(to, "season", samples);
    tell_space<metric_detector>(to, "metric (all four)", samples);
}

} // namespace bench::detect
