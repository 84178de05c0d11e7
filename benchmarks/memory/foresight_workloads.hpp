// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/peak_forecast.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

/// Seeded series of peaks per step, as training and serving make them; the tests and the benchmark share them.

namespace foresight {

/// One workload: what each step allocates at most.
struct series {
    std::string name;
    std::vector<std::uint64_t> peaks;
    std::uint32_t period = 1; ///< steps; 1: none
    std::size_t jump = 0;     ///< step of the phase change; 0: none
};

enum class kind { constant, periodic, phase_change, leak, mixed };
inline constexpr kind kinds[] = {kind::constant, kind::periodic, kind::phase_change, kind::leak, kind::mixed};

inline char const* to_string(kind each) {
    switch (each) {
    case kind::constant:
        return "constant";
    case kind::periodic:
        return "periodic";
    case kind::phase_change:
        return "phase change";
    case kind::leak:
        return "leak";
    case kind::mixed:
        return "mixed";
    }
    return "";
}

/// `steps` peaks of the given kind: a base of 1 to 60 GiB, gaussian noise of 0.2 to 1 %, an evaluation phase of 10 to 50 % of
/// the period at 40 to 85 % of the base, a jump by 0.6 to 1.8, a leak of 0.1 % a step.
inline series make_series(kind each, std::uint64_t seed, std::size_t steps = 600) {
    std::mt19937_64 random{seed * 7919 + static_cast<std::uint64_t>(each)};
    auto const uniform = [&](double low, double high) { return std::uniform_real_distribution<>{low, high}(random); };
    series result{.name = std::string{to_string(each)} + " " + std::to_string(seed), .peaks = {}};
    bool const mixed = each == kind::mixed;
    double const base = uniform(1, 60) * 1024 * 1024 * 1024;
    double const noise = uniform(0.002, 0.01);
    bool const seasonal = mixed || each == kind::periodic || (each == kind::phase_change && seed % 2 == 0);
    result.period = seasonal ? std::uniform_int_distribution<std::uint32_t>{2, 50}(random) : 1;
    auto const evaluation = std::max(1U, static_cast<std::uint32_t>(uniform(0.1, 0.5) * result.period));
    double const share = uniform(0.4, 0.85);
    if (mixed || each == kind::phase_change) {
        result.jump = steps / 2 + static_cast<std::size_t>(uniform(0, 50));
    }
    double factor = uniform(0.6, 1.8);
    factor = std::abs(factor - 1) < 0.1 ? 1.5 : factor;
    double const leak = mixed || each == kind::leak ? 0.001 * base : 0;
    std::normal_distribution<> error{0, noise};
    for (std::size_t t = 0; t < steps; ++t) {
        double value = base;
        if (seasonal && t % result.period >= result.period - evaluation) {
            value *= share;
        }
        value *= result.jump > 0 && t >= result.jump ? factor : 1;
        value += leak * static_cast<double>(t);
        result.peaks.push_back(static_cast<std::uint64_t>(value * (1 + error(random))));
    }
    return result;
}

/// How good the forecast of each next step was.
struct forecast_quality {
    double error_p95 = 0; ///< relative to what came
    double covered = 0;   ///< share of steps at or below the upper bound
};

/// Feeds the series and judges from the fourth period on, and from the fourth after the jump; a series without period is
/// given 12 steps.
inline forecast_quality judge_forecast(series const& given) {
    orfeas::memory::peak_forecast forecast;
    std::size_t const learning = 3 * std::max<std::size_t>(given.period, 4);
    std::vector<double> errors;
    double covered = 0;
    for (std::size_t t = 0; t < given.peaks.size(); ++t) {
        auto const next = forecast.next();
        bool const recovering = given.jump > 0 && t >= given.jump && t < given.jump + learning;
        if (t >= learning && !recovering) {
            auto const came = static_cast<double>(given.peaks[t]);
            errors.push_back(std::abs(static_cast<double>(next.expected_bytes) - came) / came);
            covered += given.peaks[t] <= next.upper_bytes ? 1 : 0;
        }
        forecast.observe(given.peaks[t]);
    }
    std::sort(errors.begin(), errors.end());
    return {.error_p95 = errors[errors.size() * 95 / 100], .covered = covered / static_cast<double>(errors.size())};
}

} // namespace foresight
