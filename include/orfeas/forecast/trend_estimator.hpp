// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/detail/block_means.hpp>
#include <orfeas/forecast/detail/decayed_regression.hpp>
#include <orfeas/forecast/detail/mann_kendall.hpp>
#include <orfeas/forecast/detail/stream_clock.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/trend_options.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::forecast {

/// Where a metric is going, by its polarity.
enum class trend_direction : std::uint8_t { improving, stable, degrading };

constexpr std::string_view to_string(trend_direction direction) noexcept {
    constexpr std::array<std::string_view, 3> names{"improving", "stable", "degrading"};
    return names[static_cast<std::size_t>(direction)];
}

/// What a trend_estimator says. All numbers are finite.
struct trend {
    trend_direction direction = trend_direction::stable;
    double change_per_cent =
        0; ///< over what was seen of the lookback, of the mean's magnitude; positive where values rise
    double confidence = 0.5;   ///< probability that the values move the way that the change says; from 0.5 to 1
    double slope_per_hour = 0; ///< in the metric's unit
    double correlation = 0;    ///< of a block mean with the next one, which the confidence takes into account
    double hours = 0;          ///< that were seen of the lookback
    std::array<double, 4> recent_slopes_per_hour{}; ///< over half-lives of 1/2, 1/4, 1/8 and 1/16 of the lookback

    friend bool operator==(trend const&, trend const&) = default;
};

/// Tells whether a metric improves, degrades or is stable, with a confidence that holds for correlated values.
///
/// Values are averaged in up to 60 blocks of time. Whether they move is told by the Mann-Kendall test on the blocks' means,
/// whose variance is corrected for the correlation of successive means; how fast, by least squares on the means, and by
/// regressions that decay over four half-lives for what is recent. A direction is named when a trendless stretch would show
/// as much in no more than a share `false_trends` of the cases.
///
/// Blocks are short at first, so a direction may be named long before the lookback has passed. While they hold single values,
/// strongly correlated ones (0.95 from one to the next) still look like trends in a seventh of the cases; from three values a
/// block on the share holds.
///
/// `update` takes constant time, `assess` and `forecast` some microseconds; no allocation after construction; about 2 KB.
/// Thread-compatible (distinct objects).
class trend_estimator {
  public:
    static constexpr state_kind kind{"trend_estimator", 1};

    /// Throws option_error.
    explicit trend_estimator(trend_options const& options = {})
        : options_{checked(options)},
          lookback_{static_cast<double>(options.lookback.count())},
          blocks_{lookback_},
          recent_{detail::decayed_regression{lookback_ / 2}, detail::decayed_regression{lookback_ / 4},
                  detail::decayed_regression{lookback_ / 8}, detail::decayed_regression{lookback_ / 16}} {}

    trend_options const& options() const noexcept { return options_; }

    void update(std::chrono::nanoseconds time, double value) noexcept {
        auto const passed = clock_.admit(time, value);
        if (!passed) {
            return;
        }
        blocks_.add(clock_.seconds(), value);
        for (auto& each : recent_) {
            each.add(*passed, value);
        }
    }

    /// Whether there are twelve blocks.
    bool warm() const noexcept { return blocks_.list().size() >= fewest_blocks; }

    /// Nothing before it is warm.
    std::optional<trend> assess() const noexcept {
        if (!warm()) {
            return std::nullopt;
        }
        auto const means = blocks_.list();
        auto const found = detail::trend_of(means);
        trend made;
        double const span = means.back().time - means.front().time;
        made.slope_per_hour = found.slope * 3'600;
        made.correlation = found.correlation;
        made.hours = span / 3'600;
        made.change_per_cent = per_cent(found.slope * span, recent_.front().mean(), found.spread);
        made.confidence = std::clamp(0.5 * std::erfc(-std::abs(found.score) / sqrt_2), 0.5, 1.0);
        for (std::size_t i = 0; i < recent_.size(); ++i) {
            made.recent_slopes_per_hour[i] = recent_[i].slope() * 3'600;
        }
        if (is_trend(made)) {
            bool const rises = found.score > 0;
            bool const is_worse = rises == (polarity_of(options_.polarity) == polarity::lower_is_better);
            made.direction = is_worse ? trend_direction::degrading : trend_direction::improving;
        }
        return made;
    }

    /// The line continued where there is a trend, else the recent level.
    std::optional<prediction> forecast(std::chrono::nanoseconds horizon) const noexcept;

    /// Forgets all but the options.
    void reset() { *this = trend_estimator{options_}; }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) { io(self.clock_, self.blocks_, self.recent_); }
    bool valid() const noexcept {
        return clock_.valid() && blocks_.valid() &&
               std::all_of(recent_.begin(), recent_.end(), [](auto const& each) { return each.valid(); });
    }

  private:
    static constexpr std::size_t fewest_blocks = 12;
    static constexpr double sqrt_2 = 1.4142135623730951;

    static trend_options const& checked(trend_options const& options) {
        validate(options);
        return options;
    }

    bool is_trend(trend const& of) const noexcept { return 2 * (1 - of.confidence) <= options_.false_trends; }

    /// A metric about zero has no magnitude of its own: its spread stands for it.
    static double per_cent(double change, double mean, double spread) noexcept {
        double const magnitude = std::max(std::abs(mean), spread);
        double const made = magnitude > 0 ? 100 * change / magnitude : 0;
        return std::clamp(made, -1e9, 1e9);
    }

    trend_options options_;
    double lookback_; // seconds
    detail::stream_clock clock_;
    detail::block_means blocks_;
    std::array<detail::decayed_regression, 4> recent_;
};
static_assert(forecaster<trend_estimator>);

inline std::optional<prediction> trend_estimator::forecast(std::chrono::nanoseconds horizon) const noexcept {
    auto const found = assess();
    if (!found || horizon < std::chrono::nanoseconds::zero()) {
        return std::nullopt;
    }
    double const hours = static_cast<double>(horizon.count()) / 3.6e12;
    auto const& newest = recent_.back();
    bool const moves = is_trend(*found);
    double const level = moves ? newest.level() : newest.mean();
    double const point = level + (moves ? found->slope_per_hour * hours : 0);
    double const drift = recent_.front().slope_error() * 3'600 * hours;
    constexpr double normal_90 = 1.2815515655446004; // a tenth lies beyond it on either side
    double const reach = normal_90 * std::sqrt(recent_.front().variance() + drift * drift);
    return prediction{point, point - reach, point + reach, 0.8};
}

} // namespace orfeas::inline v0::forecast
