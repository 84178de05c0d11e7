// SPDX-License-Identifier: MIT

#include "forest.hpp"

#include "nab.hpp"
#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"

#include <orfeas/detect/half_space_trees.hpp>
#include <orfeas/detect/random_cut_forest.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bench::detect {

namespace {

using orfeas::detect::random_cut_forest;
using orfeas::detect::random_cut_forest_options;
using orfeas::detect::sample;

void tell(report& to, std::string name, std::string unit, double ours, std::optional<bar> target) {
    result made{.bench = "detect", .name = std::move(name), .unit = std::move(unit), .ours = ours};
    made.lower_is_better = !target || target->op == "<=";
    made.target = std::move(target);
    to.add(std::move(made));
}

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

/// What a sample costs a detector that `samples` have filled, and what it allocates for them.
template<class Detector>
void tell_cost(report& to, std::string const& name, std::vector<sample> const& samples, Detector judge,
               std::optional<bar> most) {
    auto const judge_all = [&] {
        for (auto const& each : samples) {
            auto const verdict = judge.update(each);
            benchmark::DoNotOptimize(verdict);
        }
    };
    std::uint64_t const before = allocations();
    judge_all();
    std::uint64_t const made = allocations() - before;
    auto const times = race({{"ours", static_cast<double>(samples.size()), judge_all}}, 7);
    tell(to, name + ", a sample", "ns", times[0], std::move(most));
    tell(to, name + ", allocations after construction", "", static_cast<double>(made), bar{"ours", "<=", 0});
}

random_cut_forest_options sized(std::uint32_t trees, std::uint32_t samples, std::uint32_t shingle) {
    random_cut_forest_options made;
    made.trees = trees;
    made.samples = samples;
    made.shingle = shingle;
    return made;
}

} // namespace

void measure_forest(report& to, std::filesystem::path const& folder) {
    auto const files = read_nab(folder);
    std::vector<std::vector<double>> raw;
    std::vector<std::vector<double>> alerts;
    for (auto const& file : files) {
        random_cut_forest judge;
        auto& of_raw = raw.emplace_back();
        auto& of_alerts = alerts.emplace_back();
        for (std::size_t i = 0; i < file.values.size(); ++i) {
            auto const verdict = judge.update({std::chrono::seconds{file.seconds[i]}, file.values[i]});
            of_raw.push_back(verdict.raw_score);
            of_alerts.push_back(verdict.score);
        }
    }
    auto const& standard = nab_profiles[0];
    auto const gated = with_scores(files, alerts);
    tell(to, "forest, NAB standard, raw scores, best threshold", "points",
         nab_best(with_scores(files, raw), standard).score, bar{"ours", ">=", 53});
    tell(to, "forest, NAB standard, at the boundary", "points", nab_score(gated, standard, 0.5), bar{"ours", ">=", 60});
    tell(to, "forest, NAB windows found, of 116", "windows",
         static_cast<double>(nab_events_at(gated, 0.5).windows_found), std::nullopt);
}

void measure_forest_cost(report& to) {
    auto const samples = metric(to.arguments().quick ? 10'000 : 40'000);
    tell_cost(to, "forest of 30, 256 samples", samples, random_cut_forest{sized(30, 256, 1)}, bar{"ours", "<=", 8'000});
    tell_cost(to, "forest of 10, 256 samples", samples, random_cut_forest{sized(10, 256, 1)}, bar{"ours", "<=", 2'000});
    tell_cost(to, "forest by default (20 trees, 512 samples)", samples, random_cut_forest{}, bar{"ours", "<=", 8'000});
    tell_cost(to, "25 half-space trees of depth 8", samples, orfeas::detect::half_space_trees{},
              bar{"ours", "<=", 1'000});
    tell_cost(to, "forest of 30, 256 samples, shingle 4", samples, random_cut_forest{sized(30, 256, 4)}, std::nullopt);
    tell_cost(to, "forest of 30, 256 samples, shingle 8", samples, random_cut_forest{sized(30, 256, 8)}, std::nullopt);
}

} // namespace bench::detect
