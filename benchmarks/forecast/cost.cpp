// SPDX-License-Identifier: MIT

#include "parts.hpp"
#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"

#include <orfeas/forecast/predictive_alert.hpp>
#include <orfeas/forecast/seasonal_forecaster.hpp>
#include <orfeas/forecast/time_to_critical.hpp>
#include <orfeas/forecast/trend_estimator.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bench::forecast {

namespace {

using orfeas::forecast::predictive_alert;
using orfeas::forecast::seasonal_forecaster;
using orfeas::forecast::time_to_critical;
using orfeas::forecast::trend_estimator;

/// A daily wave with noise, one value in 10 s, from 0.3 to 0.8.
std::vector<double> metric(std::size_t size) {
    std::mt19937_64 random{7};
    std::normal_distribution<> noise{0, 0.02};
    std::vector<double> made;
    for (std::size_t i = 0; i < size; ++i) {
        made.push_back(0.55 + 0.2 * std::sin(static_cast<double>(i) * 6.283185307 / 8'640) + noise(random));
    }
    return made;
}

/// Time, allocations and size of `judge`, to which `step(judge, i)` gives the i-th value.
template<class Judge, class Step>
void measure_one(report& to, std::string const& name, Judge judge, std::size_t count, std::size_t bytes, Step step) {
    std::size_t next = 0;
    auto const all = [&] {
        for (std::size_t i = 0; i < count; ++i) {
            step(judge, next++);
        }
    };
    std::uint64_t const before = allocations();
    all();
    std::uint64_t const made = allocations() - before;
    auto const times = race({{"ours", static_cast<double>(count), all}}, 7);
    to.add({.bench = "forecast", .name = name + ", a value", .unit = "ns", .ours = times[0]});
    to.add({.bench = "forecast",
            .name = name + ", allocations after construction",
            .unit = "",
            .ours = static_cast<double>(made),
            .target = bar{"ours", "<=", 0}});
    to.add({.bench = "forecast", .name = name + ", size", .unit = "bytes", .ours = static_cast<double>(bytes)});
}

} // namespace

void measure_cost(report& to) {
    std::size_t const count = to.arguments().quick ? 50'000 : 200'000;
    auto const values = metric(count);
    auto const at = [](std::size_t i) { return std::chrono::seconds{10 * i}; };
    auto const update = [&](auto& judge, std::size_t i) {
        judge.update(at(i), values[i % values.size()]);
        benchmark::ClobberMemory();
    };
    measure_one(to, "trend", trend_estimator{}, count, sizeof(trend_estimator), update);
    measure_one(to, "season", seasonal_forecaster{}, count,
                sizeof(seasonal_forecaster) + 288 * (sizeof(double) + sizeof(std::uint8_t)), update);
    measure_one(to, "time to critical", time_to_critical{}, count, sizeof(time_to_critical), update);
    measure_one(to, "time to critical, with estimate and alert", std::pair{time_to_critical{}, predictive_alert{}},
                count, sizeof(time_to_critical) + sizeof(predictive_alert), [&](auto& both, std::size_t i) {
                    both.first.update(at(i), values[i % values.size()]);
                    auto const answer = both.second.update(at(i), both.first.estimate());
                    benchmark::DoNotOptimize(answer);
                });
    trend_estimator filled;
    for (std::size_t i = 0; i < 10'000; ++i) {
        filled.update(at(i), values[i]);
    }
    measure_one(to, "trend, assessed", filled, 2'000, sizeof filled, [](auto& judge, std::size_t) {
        auto const said = judge.assess();
        benchmark::DoNotOptimize(said);
    });
}

} // namespace bench::forecast
