// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/forecast/detail/block_means.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace orfeas::inline v0::forecast::detail {

/// A straight line through block means, and how sure its direction is.
struct block_trend {
    double slope = 0;       ///< a second
    double level = 0;       ///< of the line at the newest block
    double spread = 0;      ///< standard deviation of the means about the line
    double correlation = 0; ///< of one mean's residual with the next
    double score = 0;       ///< Mann-Kendall's, standard normal where there is no trend
};

inline double sign_of(double x) noexcept {
    return static_cast<double>(x > 0) - static_cast<double>(x < 0);
}

/// Least squares over the means.
inline void fit_line(std::span<block_mean const> means, block_trend& made) noexcept {
    auto const n = static_cast<double>(means.size());
    double time = 0;
    double value = 0;
    for (auto const& each : means) { // from the first one, so that equal means give exactly no slope
        time += (each.time - means.front().time) / n;
        value += (each.value - means.front().value) / n;
    }
    time += means.front().time;
    value += means.front().value;
    double times = 0;
    double products = 0;
    for (auto const& each : means) {
        times += (each.time - time) * (each.time - time);
        products += (each.time - time) * (each.value - value);
    }
    made.slope = times > 0 ? products / times : 0;
    made.level = value + made.slope * (means.back().time - time);
}

/// Spread and correlation of what the line leaves. The correlation is estimated too low by up to (2 + 4 r) / n where a line
/// was taken out (Marriott and Pope 1954). All of that is put back where blocks hold single values, whose correlation may be
/// large, and half of it elsewhere.
inline void fit_residuals(std::span<block_mean const> means, block_trend& made) noexcept {
    auto const n = static_cast<double>(means.size());
    double squares = 0;
    double products = 0;
    double before = 0;
    double values = 0;
    for (std::size_t i = 0; i < means.size(); ++i) {
        values += means[i].count;
        double const line = made.level + made.slope * (means[i].time - means.back().time);
        double const residual = means[i].value - line;
        squares += residual * residual;
        products += i > 0 ? residual * before : 0;
        before = residual;
    }
    made.spread = std::sqrt(squares / std::max(1.0, n - 2));
    double const raw = squares > 0 ? products / squares : 0;
    double const lost = values < 3 * n ? 2 : 1;
    made.correlation = n > 8 ? std::clamp((raw * n + lost) / (n - 2 * lost), 0.0, 0.95) : std::clamp(raw, 0.0, 0.95);
}

/// Variance of Mann-Kendall's S without ties and correlation is n (n - 1) (2 n + 5) / 18; ties lower it. Correlated values
/// count as fewer: by 1 + 2 sum (1 - k / n) r^k (Yue and Wang 2004, r of the residuals).
inline double score_inflation(double r, double n) noexcept {
    double sum = 0;
    double power = r;
    for (double k = 1; k < n && power > 1e-6; ++k, power *= r) {
        sum += (1 - k / n) * power;
    }
    return 1 + 2 * sum;
}

/// The trend of at least two means. Complexity: quadratic in their number, which is at most 60.
inline block_trend trend_of(std::span<block_mean const> means) noexcept {
    block_trend made;
    fit_line(means, made);
    fit_residuals(means, made);
    auto const n = static_cast<double>(means.size());
    double s = 0;
    double ties = 0; // pairs of equal means
    for (std::size_t i = 1; i < means.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            double const sign = sign_of(means[i].value - means[j].value);
            s += sign;
            ties += sign == 0 ? 1 : 0;
        }
    }
    double const untied = 1 - 2 * ties / (n * (n - 1));
    double const variance = n * (n - 1) * (2 * n + 5) / 18 * untied * score_inflation(made.correlation, n);
    made.score = variance > 0 && s != 0 ? (s - sign_of(s)) / std::sqrt(variance) : 0;
    return made;
}

} // namespace orfeas::inline v0::forecast::detail
