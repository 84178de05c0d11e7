// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/memory/detail/median.hpp>
#include <orfeas/memory/detail/period_finder.hpp>
#include <orfeas/memory/detail/residual_quantile.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace orfeas::inline v0::memory {

/// Configures a peak_forecast. Prefix ORFEAS_PEAK_FORECAST_.
struct peak_forecast_options {
    double quantile = 0.95;            ///< share of the steps that stay below the upper bound
    std::uint32_t residuals = 64;      ///< steps whose errors make the upper bound
    std::uint32_t longest_period = 64; ///< longest period looked for, in steps
    double level_gain = 0.3;           ///< weight of the newest step in the level of a series without period
    double trend_gain = 0.05;          ///< weight of the newest step in its trend
    double leak_significance = 4;      ///< standard deviations of the sign test from which growth is believed
    double leak_least_growth = 0.01;   ///< least growth within the tested window, as a share of the level

    static constexpr std::string_view environment_prefix = "ORFEAS_PEAK_FORECAST_";

    static void fields(auto& self, auto&& field) {
        field("quantile", self.quantile, in_range(0.5, 0.999), "share of the steps that stay below the upper bound");
        field("residuals", self.residuals, in_range(20, 1'000), "steps whose errors make the upper bound");
        field("longest_period", self.longest_period, in_range(2, 1'000), "longest period looked for, in steps");
        field("level_gain", self.level_gain, in_range(0.01, 1.0), "weight of the newest step in the level");
        field("trend_gain", self.trend_gain, in_range(0.0, 1.0), "weight of the newest step in the trend");
        field("leak_significance", self.leak_significance, in_range(1.0, 10.0),
              "standard deviations of the sign test from which growth is believed");
        field("leak_least_growth", self.leak_least_growth, in_range(0.0, 1.0),
              "least growth within the tested window, as a share of the level");
    }
};
static_assert(options<peak_forecast_options>);

/// What the steps to come are expected to need.
struct peak_estimate {
    std::uint64_t expected_bytes = 0; ///< peak of the next step
    std::uint64_t upper_bytes = 0;    ///< not exceeded by the next step in `quantile` of all cases
    std::uint64_t horizon_bytes = 0;  ///< not exceeded, as likely, by any step of the next period

    static void fields(auto& self, auto&& field) {
        field("expected_bytes", self.expected_bytes, unit::bytes, "expected peak of the next step");
        field("upper_bytes", self.upper_bytes, unit::bytes, "upper bound of the next step's peak");
        field("horizon_bytes", self.horizon_bytes, unit::bytes, "upper bound of the peaks of the next period");
    }
};

/// How the peaks have been moving, with the season taken out.
struct growth_estimate {
    double bytes_per_step = 0; ///< median slope; 0 while there are too few steps
    double significance = 0;   ///< standard deviations of the sign test, at most the square root of the pairs
    bool growing = false;      ///< a leak: significant, and large enough to matter

    static void fields(auto& self, auto&& field) {
        field("bytes_per_step", self.bytes_per_step, unit::bytes, "median slope of the peaks");
        field("significance", self.significance, unit::none, "standard deviations of the sign test");
        field("growing", self.growing, unit::none, "the peaks grow as those of a leak do");
    }
};

/// Foretells the peak memory of the next step from those of the steps before: training with evaluations in between,
/// serving with batches that jump, and leaks.
///
/// Two forecasts compete, and the one with the smaller recent error speaks:
/// * Level and trend (Holt 1957), started anew where the series jumps.
/// * What was one period ago, times the median of the last five ratios between a step and the one a period before it, so
///   that a jump or a drift is followed within three steps. The period is the lag at which the steps' differences
///   repeat best (`detail::period_finder`).
///
/// The upper bound adds the quantile of the last relative errors (split conformal prediction, Vovk 2005; online, so it
/// holds on average over time rather than at each step), up to the largest peak of the last while and its noise.
///
/// The trend is Theil's incomplete method (1950): the median slope of disjoint pairs, each a whole number of periods
/// apart. It is believed when the sign test of Cox and Stuart (1955) on these pairs is significant: on a series without
/// trend each pair rises as often as it falls, whatever the noise. Steps before a jump are left out, so that a larger
/// batch is no leak. Growth of 0.1 % a step is found within 50 steps where the noise is 0.5 %, and nearly always at 1 %;
/// within a period it takes two of them.
///
/// Allocates in the constructor only. Linear in `longest_period` a step, in the defaults less than a microsecond.
/// Thread-compatible (distinct objects).
class peak_forecast {
  public:
    explicit peak_forecast(peak_forecast_options const& options = {})
        : options_{checked(options)}, finder_{options.longest_period}, residuals_{options.residuals} {}

    /// Adds the largest number of bytes that were allocated at once during one step; more than 256 TiB count as these.
    void observe(std::uint64_t peak_bytes) {
        std::uint64_t const peak = lesser(peak_bytes, 256_TiB);
        auto const value = static_cast<double>(peak);
        if (steps() == 0) {
            level_ = value;
        } else {
            judge(value);
        }
        remember_most(value);
        finder_.push(static_cast<std::int64_t>(peak));
        follow_period();
        predict();
    }

    /// Steps observed.
    std::uint64_t steps() const noexcept { return finder_.count(); }

    /// The period that the forecast goes by, in steps; empty while the series shows none.
    std::optional<std::uint32_t> period() const noexcept {
        return seasonal_leads() ? std::optional{period_} : std::nullopt;
    }

    /// What the next step is expected to need; all zero before the first step. Linear in the period.
    peak_estimate next() const {
        double const upper = bounded(expected_);
        return {.expected_bytes = bytes_of(expected_),
                .upper_bytes = bytes_of(upper),
                .horizon_bytes = bytes_of(std::fmax(upper, bounded(crest())))};
    }

    /// How the peaks move. Linear in the pairs, at most max(32, longest_period).
    growth_estimate growth() const;

    /// Bytes a step by which the peaks grow or shrink; 0 while there are too few steps.
    double slope() const { return growth().bytes_per_step; }

    /// Steps until the peaks reach `bytes` if they go on growing as they do; empty when they are not growing.
    std::optional<double> steps_to(std::uint64_t bytes) const {
        auto const now = growth();
        if (!now.growing) {
            return std::nullopt;
        }
        return std::fmax(0.0, (static_cast<double>(bytes) - crest()) / now.bytes_per_step);
    }

  private:
    static constexpr std::size_t ratios = 5;
    static constexpr std::uint32_t most_pairs = 32; // or one period, if that is longer
    static constexpr std::uint32_t proving_steps = 4;
    static constexpr double memory = 1.0 / 32;                // weight of the newest error in the recent one
    static constexpr std::uint64_t settling = ratios / 2 + 1; // steps until the median has followed a jump
    static constexpr double noise_quartiles = 4; // upper quartiles of the error, as 2.7 standard deviations
    static constexpr double jump_scales = 6;     // errors of this many times the usual one are no noise
    static constexpr double jump_share = 0.03;   // if they also are this share of the value

    static peak_forecast_options checked(peak_forecast_options const& options) {
        validate(options);
        return options;
    }
    static std::uint64_t bytes_of(double value) {
        return value <= 0 ? 0 : value >= 0x1p63 ? 1ULL << 63U : static_cast<std::uint64_t>(value + 0.5);
    }

    static std::uint64_t lesser(std::uint64_t a, std::uint64_t b) { return a < b ? a : b; }
    static std::uint64_t greater(std::uint64_t a, std::uint64_t b) { return a < b ? b : a; }

    double back(std::size_t steps) const { return static_cast<double>(finder_.back(steps)); }
    bool seasonal_leads() const noexcept { return period_ > 0 && seasonal_error_ < 0.8 * holt_error_; }

    void judge(double value);
    void follow_jump(double value);
    void follow_period();
    void predict();
    double ratio() const;
    double bounded(double expected) const;
    void remember_most(double value);
    double crest() const;

    peak_forecast_options options_;
    detail::period_finder finder_;
    detail::residual_quantile residuals_;
    double level_ = 0;
    double growth_ = 0;
    double holt_ = 0; // the two forecasts of the next step
    double seasonal_ = 0;
    double holt_error_ = 0; // and their recent absolute errors
    double seasonal_error_ = 0;
    double expected_ = 0;
    double most_ = 0; // largest of the last one to two longest periods
    double most_before_ = 0;
    double scale_ = 0;    // recent absolute error of what was foretold
    int holt_misses_ = 0; // steps in a row, up or down, that were too far off to be noise
    int misses_ = 0;
    std::uint64_t phase_ = settling; // steps since the last jump
    std::uint32_t period_ = 0;
    std::uint32_t candidate_ = 0;
    std::uint32_t in_favour_ = 0; // steps for which the candidate has been the best
};

/// Compares the forecasts with what came.
inline void peak_forecast::judge(double value) {
    double const error = value - expected_;
    follow_jump(value);
    if (expected_ > 0 && phase_ > settling) { // while a jump is being followed, errors say nothing about later ones
        residuals_.push(error / expected_);
    }
    holt_error_ += memory * (std::abs(value - holt_) - holt_error_);
    seasonal_error_ += memory * (std::abs(value - seasonal_) - seasonal_error_);
    double const before = level_ + growth_;
    level_ = before + options_.level_gain * (value - before);
    growth_ += options_.trend_gain * options_.level_gain * (value - before);
}

/// Two errors in a row to the same side that are no noise: the level starts anew, and so does the trend's window.
inline void peak_forecast::follow_jump(double value) {
    auto const count = [&](int& misses, double error) {
        bool const far = std::abs(error) > jump_scales * scale_ && std::abs(error) > jump_share * value;
        int const side = error > 0 ? 1 : -1;
        misses = !far ? 0 : misses * side > 0 ? misses + side : side;
        return std::abs(misses) == 2;
    };
    if (count(holt_misses_, value - holt_)) {
        level_ = value;
        growth_ = 0;
        holt_misses_ = 0;
    }
    double const error = value - expected_;
    phase_ = count(misses_, error) ? 1 : phase_ + 1;
    double const most =
        std::fmax(jump_scales * scale_, jump_share * value); // an outlier does not make the next one usual
    scale_ += memory * (std::fmin(std::abs(error), most) - scale_);
}

/// Takes a new period when it is clearly better than the present one, and stays so: after a jump the lags that have not
/// met its echo look good in turn, each for one step.
inline void peak_forecast::follow_period() {
    auto const best = finder_.best();
    in_favour_ = best == candidate_ ? in_favour_ + 1 : 0;
    candidate_ = best;
    if (in_favour_ < proving_steps) {
        return;
    }
    bool const divides = best > 0 && period_ % best == 0; // a multiple repeats as well, but remembers less
    if (best == 0 || best == period_ ||
        (period_ > 0 && !divides && finder_.score(best) > 0.7 * finder_.score(period_))) {
        return;
    }
    period_ = best;
    double sum = 0;
    for (std::size_t i = 0; i < best; ++i) {
        sum += back(i) - back(i + best);
    }
    double error = 0;
    for (std::size_t i = 0; i < best; ++i) {
        error += std::abs(back(i) - back(i + best) - sum / best);
    }
    seasonal_error_ = error / best;
}

inline void peak_forecast::predict() {
    holt_ = level_ + growth_;
    seasonal_ = period_ == 0 ? back(0) : back(period_ - 1) * ratio();
    expected_ = seasonal_leads() ? seasonal_ : holt_;
}

/// The median of the last ratios between a step and the one a period before it.
inline double peak_forecast::ratio() const {
    std::array<double, ratios> all{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < ratios && i + period_ < finder_.kept(); ++i) {
        double const before = back(i + period_);
        all[count++] = before > 0 ? back(i) / before : 1;
    }
    return count == 0 ? 1 : detail::median_of(std::span{all}.first(count));
}

/// `expected` and the quantile of the errors; but no more above the largest of the last while than noise explains, for
/// where a jump or a step out of season made an error, the next one does not add to the new height.
inline double peak_forecast::bounded(double expected) const {
    double const noise = std::fmax(0.0, noise_quartiles * residuals_.quantile(0.75));
    double const most = std::fmax(expected, std::fmax(most_, most_before_)) * (1 + noise);
    double const upper = expected * (1 + residuals_.quantile(options_.quantile));
    return std::fmax(expected, std::fmin(upper, most));
}

/// The maximum of the last one to two longest periods, from two halves.
inline void peak_forecast::remember_most(double value) {
    if (finder_.count() % options_.longest_period == 0) {
        most_before_ = most_;
        most_ = 0;
    }
    most_ = std::fmax(most_, value);
}

/// The largest peak of the last two periods, but of no step before the last jump; the level where there is no period.
inline double peak_forecast::crest() const {
    if (!seasonal_leads()) {
        return level_;
    }
    auto const span = lesser(finder_.kept(), lesser(2ULL * period_, greater(phase_, period_)));
    double most = 0;
    for (std::size_t i = 0; i < span; ++i) {
        most = std::fmax(most, back(i));
    }
    return most;
}

inline growth_estimate peak_forecast::growth() const {
    std::uint64_t const season = seasonal_leads() ? period_ : 1;
    std::uint64_t const known = lesser(phase_ + 1, finder_.kept());
    std::uint64_t const wanted = season * ((most_pairs + season - 1) / season);
    std::uint64_t const apart = lesser(wanted, known / 2 / season * season);
    std::uint64_t const pairs = lesser(apart, known - apart);
    if (pairs < 4 || apart == 0 || finder_.count() == 0) {
        return {};
    }
    std::array<double, detail::period_finder::longest> differences;
    int rising = 0;
    for (std::size_t i = 0; i < pairs; ++i) {
        double const difference = back(i) - back(i + apart);
        differences[i] = difference;
        rising += difference > 0 ? 1 : difference < 0 ? -1 : 0;
    }
    double const middle = detail::median_of(std::span{differences}.first(pairs));
    growth_estimate result;
    result.bytes_per_step = middle / static_cast<double>(apart);
    result.significance = rising / std::sqrt(static_cast<double>(pairs));
    result.growing = result.significance >= options_.leak_significance &&
                     middle * 2 >= options_.leak_least_growth * std::fmax(level_, 1.0);
    return result;
}

} // namespace orfeas::inline v0::memory
