// SPDX-License-Identifier: MIT

#include "parts.hpp"

#include <orfeas/forecast/trend_estimator.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace bench::forecast {

namespace {

using orfeas::forecast::trend;
using orfeas::forecast::trend_direction;

constexpr std::size_t rows = 360; // in 60 blocks of 6
constexpr std::array<double, 4> correlations{0, 0.5, 0.8, 0.95};
constexpr std::array<char const*, 4> names{"0", "0.5", "0.8", "0.95"};

/// What is said of a window of AR(1) values of unit variance that rise by `rise`, at its end.
trend trend_of_window(double phi, double rise, std::mt19937_64& random) {
    std::normal_distribution<> normal;
    orfeas::forecast::trend_options options;
    options.lookback = std::chrono::seconds{rows};
    orfeas::forecast::trend_estimator judge{options};
    double state = normal(random);
    for (std::size_t i = 0; i < rows; ++i) {
        judge.update(std::chrono::seconds{i}, 10 + state + rise * static_cast<double>(i) / rows);
        state = phi * state + std::sqrt(1 - phi * phi) * normal(random);
    }
    return judge.assess().value();
}

/// The share of windows that are called a trend.
double share_of_trends(double phi, double rise, std::size_t windows) {
    std::mt19937_64 random{17};
    std::size_t named = 0;
    for (std::size_t i = 0; i < windows; ++i) {
        named += trend_of_window(phi, rise, random).direction != trend_direction::stable ? 1U : 0U;
    }
    return static_cast<double>(named) / static_cast<double>(windows);
}

/// Confidences in ten bins, against how often the direction was right.
class calibration {
  public:
    void add(double confidence, bool is_right) {
        auto& into = bins_[std::min<std::size_t>(static_cast<std::size_t>((confidence - 0.5) * 20), 9)];
        ++into.count;
        into.confidence += confidence;
        into.right += is_right ? 1 : 0;
        ++count_;
    }
    double error() const {
        double sum = 0;
        for (auto const& each : bins_) {
            sum += std::abs(each.confidence - each.right);
        }
        return sum / count_;
    }

  private:
    struct bin {
        double count = 0;
        double confidence = 0;
        double right = 0;
    };
    std::array<bin, 10> bins_{};
    double count_ = 0;
};

/// Rises drawn evenly from -`largest` to `largest` standard deviations a window, over all correlations.
double calibration_error(double largest, std::size_t windows) {
    std::mt19937_64 random{23};
    calibration made;
    for (std::size_t i = 0; i < windows; ++i) {
        double const rise = std::uniform_real_distribution<>{-largest, largest}(random);
        auto const said = trend_of_window(correlations[i % correlations.size()], rise, random);
        made.add(said.confidence, (said.change_per_cent > 0) == (rise > 0));
    }
    return made.error();
}

} // namespace

void measure_trends(report& to) {
    std::size_t const windows = to.arguments().quick ? 1'000 : 4'000;
    for (std::size_t i = 0; i < correlations.size(); ++i) {
        to.add({.bench = "forecast",
                .name = std::string{"trends, false at nominal 5 %, AR(1) of "} + names[i],
                .unit = "",
                .ours = share_of_trends(correlations[i], 0, windows),
                .target = bar{"ours", "<=", 0.08}});
    }
    for (std::size_t i = 0; i < correlations.size(); ++i) {
        to.add({.bench = "forecast",
                .name = std::string{"trends, 2 sigma found, AR(1) of "} + names[i],
                .unit = "",
                .ours = share_of_trends(correlations[i], 2, windows)});
    }
    to.add({.bench = "forecast",
            .name = "trends, calibration error, up to 4 sigma",
            .unit = "",
            .ours = calibration_error(4, windows),
            .target = bar{"ours", "<=", 0.05}});
    to.add({.bench = "forecast",
            .name = "trends, calibration error, up to 1 sigma",
            .unit = "",
            .ours = calibration_error(1, windows)});
}

} // namespace bench::forecast
