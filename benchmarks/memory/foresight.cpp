// SPDX-License-Identifier: MIT
#include "foresight.hpp"

#include "batch_simulation.hpp"
#include "cleanup_simulation.hpp"
#include "foresight_workloads.hpp"

#include <orfeas/memory/peak_forecast.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace bench {

namespace {

using orfeas::memory::peak_forecast;

void add(report& to, std::string name, std::string unit, double ours, bool lower_is_better,
         std::optional<bar> target = {}) {
    to.add({.bench = "memory",
            .name = std::move(name),
            .unit = std::move(unit),
            .ours = ours,
            .lower_is_better = lower_is_better,
            .target = std::move(target)});
}

bar at_most(double value) {
    return {.of = "ours", .op = "<=", .value = value};
}
bar at_least(double value) {
    return {.of = "ours", .op = ">=", .value = value};
}

/// The worst series of each kind.
void measure_forecast(report& to, std::uint64_t seeds) {
    double covered = 1;
    for (auto const kind : foresight::kinds) {
        double worst = 0;
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            auto const quality = foresight::judge_forecast(foresight::make_series(kind, seed));
            worst = std::max(worst, quality.error_p95);
            covered = std::min(covered, quality.covered);
        }
        add(to, std::string{"next step's peak, p95 error, "} + foresight::to_string(kind), "ratio", worst, true,
            at_most(0.05));
    }
    add(to, "steps below the upper bound (q95), worst series", "ratio", covered, false);
}

/// Steps until a leak of 0.1 % a step after 200 quiet steps is found; the quiet ones must raise no alarm.
void measure_leaks(report& to, std::uint64_t seeds, double noise) {
    std::size_t late = 0;
    std::size_t alarms = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        std::mt19937_64 random{seed};
        std::normal_distribution<> error{0, noise};
        peak_forecast forecast;
        int found = 0;
        for (int step = 0; step < 250; ++step) {
            double const level = 1e10 * (step < 200 ? 1.0 : 1.0 + 0.001 * (step - 200));
            forecast.observe(static_cast<std::uint64_t>(level * (1 + error(random))));
            bool const growing = forecast.growth().growing;
            alarms += growing && step < 200 ? 1U : 0U;
            found = growing && step >= 200 && found == 0 ? step : found;
        }
        late += found == 0 ? 1U : 0U;
    }
    auto const name = [&](char const* what) {
        return std::string{what} + (noise < 0.01 ? ", noise 0.5 %" : ", noise 1 %");
    };
    add(to, name("leaks of 0.1 % a step found within 50 steps"), "ratio",
        1 - static_cast<double>(late) / static_cast<double>(seeds), false,
        noise < 0.01 ? std::optional{at_least(1)} : std::nullopt);
    add(to, name("leak alarms on quiet steps"), "count", static_cast<double>(alarms), true, at_most(0));
}

/// Several sets of seeds; in each, all kinds of workloads. The worst set has the bar.
void measure_cleanups(report& to, std::uint64_t sets, std::uint64_t seeds) {
    double avoided = 1;
    double needless = 0;
    double avoided_kind = 1;
    double needless_kind = 0;
    for (std::uint64_t set = 0; set < sets; ++set) {
        foresight::cleanup_score all;
        for (auto const kind : foresight::kinds) {
            foresight::cleanup_score score;
            for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
                score += foresight::judge_cleanups(kind, 1000 * set + seed);
            }
            avoided_kind = std::min(avoided_kind, score.avoided());
            needless_kind = std::max(needless_kind, score.needless_share());
            all += score;
        }
        avoided = std::min(avoided, all.avoided());
        needless = std::max(needless, all.needless_share());
    }
    add(to, "avoidable OOMs avoided at 1.02 x capacity", "ratio", avoided, false, at_least(0.99));
    add(to, "needless cleanups at 1.02 x capacity", "ratio", needless, true, at_most(0.02));
    add(to, "  avoided, worst kind of workload", "ratio", avoided_kind, false);
    add(to, "  needless, worst kind of workload", "ratio", needless_kind, true);
}

/// The search on a thousand models a set; the worst set counts.
void measure_search(report& to, std::uint64_t sets, std::uint64_t models) {
    std::uint32_t probes = 0;
    std::uint32_t ooms = 0;
    double within = 1;
    double exact = 1;
    for (std::uint64_t set = 0; set < sets; ++set) {
        std::uint64_t within_step = 0;
        std::uint64_t within_one = 0;
        for (std::uint64_t seed = set * models + 1; seed <= (set + 1) * models; ++seed) {
            foresight::simulated_model const model{seed};
            auto const noisy = foresight::search_batch(model, seed, 0.03, true);
            auto const quiet = foresight::search_batch(model, seed, 0, true);
            probes = std::max({probes, noisy.probes, quiet.probes});
            ooms += noisy.ooms + quiet.ooms + (noisy.overshoot() ? 1U : 0U) + (quiet.overshoot() ? 1U : 0U);
            within_step += noisy.within_step() ? 1U : 0U;
            within_one += quiet.within_one() ? 1U : 0U;
        }
        within = std::min(within, static_cast<double>(within_step) / static_cast<double>(models));
        exact = std::min(exact, static_cast<double>(within_one) / static_cast<double>(models));
    }
    add(to, "batch search, most probes", "count", probes, true, at_most(3));
    add(to, "batch search, OOMs on the way or of the answer", "count", ooms, true, at_most(0));
    add(to, "batch search, within a step of the best, noise 3 %", "ratio", within, false, at_least(0.95));
    add(to, "batch search, within one sample of it, no noise", "ratio", exact, false, at_least(0.95));
}

/// The best of several runs, as others use the machine too.
void measure_cost(report& to, std::size_t steps) {
    auto const series = foresight::make_series(foresight::kind::mixed, 3, steps);
    double best = 1e9;
    double best_trend = 1e9;
    std::uint64_t sink = 0;
    for (int run = 0; run < 5; ++run) {
        for (bool const with_trend : {false, true}) {
            peak_forecast forecast;
            auto const begin = std::chrono::steady_clock::now();
            for (auto const peak : series.peaks) {
                forecast.observe(peak);
                sink += forecast.next().upper_bytes;
                sink += with_trend && forecast.growth().growing ? 1U : 0U;
            }
            std::chrono::duration<double, std::nano> const took = std::chrono::steady_clock::now() - begin;
            auto& kept = with_trend ? best_trend : best;
            kept = std::min(kept, took.count() / static_cast<double>(steps));
        }
    }
    add(to, "predictor, one step", sink == 0 ? "ns " : "ns", best, true, at_most(1000));
    add(to, "predictor, one step and its trend", "ns", best_trend, true);
}

} // namespace

void measure_foresight(report& to) {
    bool const quick = to.arguments().quick;
    measure_forecast(to, quick ? 40 : 200);
    measure_leaks(to, quick ? 100 : 500, 0.005);
    measure_leaks(to, quick ? 100 : 500, 0.01);
    measure_cleanups(to, quick ? 2 : 5, quick ? 40 : 100);
    measure_search(to, quick ? 1 : 5, 1000);
    measure_cost(to, quick ? 50'000 : 200'000);
}

} // namespace bench
