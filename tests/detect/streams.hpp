// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

namespace orfeas_test {

/// What a detector says of values that come every five minutes; the first is number `from`.
template<orfeas::detect::detector D>
std::vector<orfeas::detect::verdict> judged(D& judge, std::vector<double> const& values, std::size_t from = 0) {
    std::vector<orfeas::detect::verdict> made;
    for (std::size_t i = 0; i < values.size(); ++i) {
        made.push_back(judge.update({std::chrono::seconds{300 * (from + i)}, values[i]}));
    }
    return made;
}

/// How many alerts start.
inline std::size_t starts(std::span<orfeas::detect::verdict const> verdicts) {
    std::size_t count = 0;
    for (auto const& each : verdicts) {
        count += each.alert.phase == orfeas::detect::alert_phase::starts ? 1U : 0U;
    }
    return count;
}

/// Values from 9 to 11, each as likely as any other.
inline std::vector<double> even_noise(std::mt19937_64& random, std::size_t size) {
    std::uniform_real_distribution<> some{9, 11};
    std::vector<double> made;
    for (std::size_t i = 0; i < size; ++i) {
        made.push_back(some(random));
    }
    return made;
}

/// Noise of deviation 1 whose neighbours have the correlation `phi`; of heavy tails (Student's t with 8 degrees of freedom) or none.
inline std::vector<double> correlated_noise(std::mt19937_64& random, std::size_t size, double phi, bool is_heavy) {
    constexpr double freedom = 8;
    std::student_t_distribution<> heavy{freedom};
    std::normal_distribution<> gaussian;
    double const step = std::sqrt(1 - phi * phi);
    double const heavy_step = step * std::sqrt((freedom - 2) / freedom);
    double now = gaussian(random);
    std::vector<double> made;
    for (std::size_t i = 0; i < size; ++i) {
        now = phi * now + (is_heavy ? heavy_step * heavy(random) : step * gaussian(random));
        made.push_back(now);
    }
    return made;
}

} // namespace orfeas_test
