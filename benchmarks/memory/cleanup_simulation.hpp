// SPDX-License-Identifier: MIT
#pragma once

#include "foresight_workloads.hpp"

#include <orfeas/memory/cleanup_prediction.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

/// Decisions about cleanups, step by step, on a machine with 1.02 times the memory that the workload needs at its peak.
/// Caches and fragments of the pool grow until they are cleaned up.

namespace foresight {

/// How the decisions turned out.
struct cleanup_score {
    std::size_t threats = 0;   ///< avoidable OOMs when nobody cleans up ahead: only after an OOM
    std::size_t failures = 0;  ///< those that came all the same
    std::size_t surprises = 0; ///< OOMs at a demand 5 % above all that came before: nobody could know
    std::size_t cleanups = 0;  ///< ahead of need
    std::size_t needless = 0;  ///< of these: the next `patience` steps would have fitted without

    cleanup_score& operator+=(cleanup_score const& other) {
        threats += other.threats;
        failures += other.failures;
        surprises += other.surprises;
        cleanups += other.cleanups;
        needless += other.needless;
        return *this;
    }
    double avoided() const {
        return 1 - static_cast<double>(failures) / static_cast<double>(std::max<std::size_t>(1, threats));
    }
    double needless_share() const {
        return static_cast<double>(needless) / static_cast<double>(std::max<std::size_t>(1, cleanups));
    }
};

inline constexpr std::size_t patience = 16;

/// One workload with the growth of what can be reclaimed, all drawn beforehand.
struct machine {
    series load;
    std::vector<std::uint64_t> growth; ///< bytes that each step leaves behind
    double cached = 0;                 ///< share of these that caches hold; the rest are fragments of the pool
    double fragmentation = 0;          ///< of the pool's free memory
    std::uint64_t capacity = 0;

    machine(kind each, std::uint64_t seed) : load{make_series(each, seed)} {
        std::mt19937_64 random{seed ^ 0x9e3779b97f4a7c15ULL};
        auto const uniform = [&](double low, double high) {
            return std::uniform_real_distribution<>{low, high}(random);
        };
        capacity = load.peaks[0];
        for (auto const peak : load.peaks) {
            capacity = std::max(capacity, peak);
        }
        capacity = static_cast<std::uint64_t>(1.02 * static_cast<double>(capacity));
        cached = uniform(0, 1);
        fragmentation = uniform(0.3, 0.95);
        double const rate = uniform(0.003, 0.03) * static_cast<double>(capacity);
        for (std::size_t t = 0; t < load.peaks.size(); ++t) {
            growth.push_back(static_cast<std::uint64_t>(rate * uniform(0.5, 1.5)));
        }
    }

    /// What the left-behind bytes take away from a step.
    std::uint64_t burden(std::uint64_t left) const {
        double const share = cached + (1 - cached) * fragmentation;
        return static_cast<std::uint64_t>(share * static_cast<double>(left));
    }
    bool fits(std::size_t t, std::uint64_t left) const { return load.peaks[t] + burden(left) <= capacity; }

    /// The state before step `t`, half of whose memory stays allocated between steps.
    orfeas::memory::memory_profile profile(std::size_t t, std::uint64_t left) const {
        auto const caches = static_cast<std::uint64_t>(cached * static_cast<double>(left));
        orfeas::memory::memory_profile result;
        result.total_bytes = capacity;
        result.allocated_bytes = load.peaks[t == 0 ? 0 : t - 1] / 2 + caches;
        result.reserved_bytes = result.allocated_bytes + left - caches;
        result.free_bytes = capacity - result.allocated_bytes;
        result.fragmentation_ratio = left == caches ? 0 : fragmentation;
        result.utilization_ratio = static_cast<double>(result.allocated_bytes) / static_cast<double>(capacity);
        result.pressure = result.utilization_ratio > 0.95 ? orfeas::memory::memory_pressure::critical
                                                          : orfeas::memory::memory_pressure::low;
        return result;
    }

    bool would_fit_for_a_while(std::size_t t, std::uint64_t left) const {
        for (std::size_t s = t; s < t + patience; ++s) {
            if (!fits(s, left)) {
                return false;
            }
            left += growth[s];
        }
        return true;
    }
};

/// Runs the workload; `ahead` false cleans up after an OOM only.
inline cleanup_score simulate_cleanups(machine const& on, bool ahead) {
    orfeas::memory::peak_forecast forecast;
    cleanup_score score;
    std::uint64_t left = 0;
    std::uint64_t seen = 0;
    for (std::size_t t = 0; t < on.load.peaks.size(); ++t) {
        auto const profile = on.profile(t, left);
        auto const caches = static_cast<std::uint64_t>(on.cached * static_cast<double>(left));
        auto const outlook = orfeas::memory::outlook_of(forecast, profile, caches, 1.0, 0.1);
        if (ahead && orfeas::memory::predict_cleanup_need(profile, outlook).should) {
            bool const judged = t + patience <= on.load.peaks.size(); // later ones nobody can tell
            score.cleanups += judged ? 1U : 0U;
            score.needless += judged && on.would_fit_for_a_while(t, left) ? 1U : 0U;
            left = 0;
        }
        if (!on.fits(t, left)) {
            bool const known = static_cast<double>(on.load.peaks[t]) <= 1.05 * static_cast<double>(seen);
            ++(known ? score.failures : score.surprises);
            left = 0;
        }
        seen = std::max(seen, on.load.peaks[t]);
        forecast.observe(on.load.peaks[t]);
        left += on.growth[t];
    }
    return score;
}

/// The score of one workload: what came, and what would have come without foresight.
inline cleanup_score judge_cleanups(kind each, std::uint64_t seed) {
    machine const on{each, seed};
    auto score = simulate_cleanups(on, true);
    score.threats = simulate_cleanups(on, false).failures;
    return score;
}

} // namespace foresight
