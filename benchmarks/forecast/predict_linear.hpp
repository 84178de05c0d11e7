// SPDX-License-Identifier: MIT
#pragma once

#include "leak_suite.hpp"

#include <cstddef>
#include <limits>
#include <vector>

/// What Prometheus' predict_linear says: least squares over the values of a range, continued.

namespace bench::forecast {

/// Minutes to the critical level at each row, by the last `window` values; infinity where the line does not rise.
inline std::vector<double> predict_linear(leak_series const& series, std::size_t window) {
    constexpr double never = std::numeric_limits<double>::infinity();
    std::vector<double> said;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
        std::size_t const first = i + 1 < window ? 0 : i + 1 - window;
        double const n = static_cast<double>(i - first + 1);
        double sum = 0;
        double with_time = 0;
        for (std::size_t j = first; j <= i; ++j) {
            sum += series.values[j];
            with_time += series.values[j] * (static_cast<double>(j - i + window) - static_cast<double>(window));
        }
        double const mean_time = -(n - 1) / 2;
        double const spread = n * (n * n - 1) / 12;
        double const slope = spread > 0 ? (with_time - mean_time * sum) / spread : 0;
        double const now = sum / n - slope * mean_time;
        double const rows = now >= leak_critical ? 0 : slope > 0 ? (leak_critical - now) / slope : never;
        said.push_back(i + 1 < window / 2 ? never : rows * leak_interval / 60);
    }
    return said;
}

} // namespace bench::forecast
