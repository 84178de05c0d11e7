// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/detail/decayed_holt.hpp>
#include <orfeas/forecast/detail/decayed_regression.hpp>
#include <orfeas/forecast/detail/recent_peaks.hpp>
#include <orfeas/forecast/detail/stream_clock.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/time_to_critical_options.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::forecast {

/// Why a time_to_critical says nothing.
enum class abstention : std::uint8_t {
    none,            ///< it says something
    warming,         ///< too few values, or too short a time
    not_approaching, ///< the metric does not move towards the critical level
    insignificant,   ///< the move may be noise
    former_peak,     ///< the metric has been there within the last two hours
    usual_move,      ///< the metric often moves as fast, or moved faster not long ago
    disagreement,    ///< one of the two estimators sees no approach
    too_far,         ///< it would take longer than 30 half-lives, over which a line says nothing
};

constexpr std::string_view to_string(abstention why) noexcept {
    switch (why) {
    case abstention::none:
        return "none";
    case abstention::warming:
        return "warming";
    case abstention::not_approaching:
        return "not_approaching";
    case abstention::insignificant:
        return "insignificant";
    case abstention::former_peak:
        return "former_peak";
    case abstention::usual_move:
        return "usual_move";
    case abstention::disagreement:
        return "disagreement";
    case abstention::too_far:
        return "too_far";
    }
    return "none";
}

/// What a time_to_critical says. Where it abstains the numbers are 0.
struct critical_estimate {
    abstention reason = abstention::warming;
    bool reached = false;         ///< the last value is at the critical level or beyond
    bool cleanup_advised = false; ///< the time is shorter than the lead of the options
    double minutes = 0;           ///< until the critical level is reached, the median; 0 where it has been
    double low = 0;               ///< the time lies in [low, high] with probability 0.8, if the level is reached at all
    double high = 0;
    double confidence = 0; ///< probability that the level is reached within twice the time
    double evidence = 0;   ///< standard errors that the slope is large
    double surprise = 0;   ///< times the metric's usual slope that it is large

    explicit operator bool() const noexcept { return reason == abstention::none; }
    friend bool operator==(critical_estimate const&, critical_estimate const&) = default;
};

/// Tells how long a metric takes to a level that must not be reached: memory that fills, a pool that drains.
///
/// Two estimators must agree, a regression on the recent past and Holt's method: the longer of their times is told. A move
/// counts when it is larger than its error, leads out of the range of the last two hours (24 half-lives), and is faster than
/// what the metric is used to; else the reason for abstaining is told. Holding the move against the metric's own habit keeps
/// the saw-tooth of a collector and the end of a warm-up from raising alarms, which a line through the last half hour does.
///
/// A value that is not finite, or beyond 1e100, is none. After a gap of more than 8 half-lives the estimators start anew; what
/// the metric is used to is kept. Values and level multiplied by the same positive factor give the same times but for rounding.
///
/// Constant time; no allocation after construction; about 450 bytes. Thread-compatible (distinct objects).
class time_to_critical {
  public:
    static constexpr state_kind kind{"time_to_critical", 1};

    /// Throws option_error.
    explicit time_to_critical(time_to_critical_options const& options = {})
        : options_{checked(options)},
          sign_{polarity_of(options.polarity) == polarity::lower_is_better ? 1.0 : -1.0},
          half_life_{std::chrono::duration<double>{options.half_life}.count()},
          line_{half_life_},
          holt_{half_life_ * 1.15},
          habit_decay_{half_life_ * 24},
          peaks_{half_life_ * 2} {}

    time_to_critical_options const& options() const noexcept { return options_; }

    void update(std::chrono::nanoseconds time, double value) noexcept {
        auto const passed = clock_.admit(time, value);
        if (!passed) {
            return;
        }
        if (*passed > gap * half_life_) {
            restart();
        }
        double const facing = sign_ * value;
        last_ = facing;
        line_.add(*passed, facing);
        holt_.add(*passed, facing);
        age_ += count_ > 0 ? *passed : 0;
        ++count_;
        peaks_.add(clock_.seconds(), facing);
        if (warm()) {
            double const slope = line_.slope();
            habit_ += (slope * slope - habit_) * (1 - habit_decay_.after(*passed));
        }
    }

    /// Whether there were 30 values over two half-lives.
    bool warm() const noexcept { return count_ >= fewest && age_ >= 2 * half_life_ * (1 - 1e-9); }

    /// The time until the critical level is reached, counted from the last value.
    critical_estimate estimate() const noexcept {
        if (count_ > 0 && last_ >= critical()) {
            return reached();
        }
        critical_estimate made;
        made.reason = judge();
        if (made.reason == abstention::none) {
            tell(made);
        }
        return made;
    }

    /// The value itself, by the slower of the two estimators' lines. Constant time.
    std::optional<prediction> forecast(std::chrono::nanoseconds horizon) const noexcept;

    /// Forgets all but the options.
    void reset() { *this = time_to_critical{options_}; }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.clock_, self.line_, self.holt_, self.habit_decay_, self.peaks_, self.habit_, self.last_, self.age_,
           self.count_);
    }
    bool valid() const noexcept {
        return clock_.valid() && line_.valid() && holt_.valid() && habit_decay_.valid() && peaks_.valid() &&
               habit_ >= 0 && is_finite(habit_) && is_finite(last_) && age_ >= 0;
    }

  private:
    static constexpr std::uint64_t fewest = 30;
    static constexpr double gap = 8;       // half-lives
    static constexpr double farthest = 30; // half-lives

    static time_to_critical_options const& checked(time_to_critical_options const& options) {
        validate(options);
        return options;
    }

    void restart() noexcept {
        line_ = detail::decayed_regression{half_life_};
        holt_ = detail::decayed_holt{half_life_ * 1.15};
        age_ = 0;
        count_ = 0;
    }

    double critical() const noexcept { return sign_ * options_.critical; }

    static critical_estimate reached() noexcept {
        critical_estimate made;
        made.reason = abstention::none;
        made.reached = true;
        made.cleanup_advised = true;
        made.confidence = 1;
        return made;
    }

    /// Standard errors of the regression's slope.
    double evidence() const noexcept {
        double const error = line_.slope_error();
        return error > 0 ? std::min(line_.slope() / error, 1e3) : 1e3;
    }
    /// The slope against the one that is usual.
    double surprise() const noexcept { return habit_ > 0 ? std::min(line_.slope() / std::sqrt(habit_), 1e3) : 1e3; }

    abstention judge() const noexcept {
        if (!warm()) {
            return abstention::warming;
        }
        if (!(line_.slope() > 0)) {
            return abstention::not_approaching;
        }
        if (evidence() < options_.significance) {
            return abstention::insignificant;
        }
        if (line_.level() < peaks_.former()) {
            return abstention::former_peak;
        }
        if (surprise() < options_.unusual) {
            return abstention::usual_move;
        }
        return holt_.slope() > 0 ? abstention::none : abstention::disagreement;
    }

    double minutes_of(double level, double slope) const noexcept {
        double const minutes = (critical() - level) / slope / 60;
        return minutes > 0 ? minutes : 0; // the line may be there before the values are
    }

    /// Lines are late: what fills a memory speeds up more often than it slows down, and noise reaches the level before the
    /// line does. The quantiles of true over extrapolated time were 0.4, 0.8 and 1.3 at 10, 50 and 90 % on leak suites of other
    /// seeds than those of the benchmark; there the confidence was fitted, too.
    void tell(critical_estimate& made) const noexcept {
        double const extrapolated =
            std::max(minutes_of(line_.level(), line_.slope()), minutes_of(holt_.level(), holt_.slope()));
        if (!(extrapolated * 0.8 <= farthest * half_life_ / 60)) {
            made.reason = abstention::too_far;
            return;
        }
        made.minutes = 0.8 * extrapolated;
        made.low = 0.38 * extrapolated;
        made.high = 1.3 * extrapolated;
        made.evidence = evidence();
        made.surprise = surprise();
        made.confidence = confidence_of(made);
        made.cleanup_advised = made.minutes < static_cast<double>(options_.cleanup_lead.count());
    }

    /// By how significant the move is and how many half-lives the time is.
    double confidence_of(critical_estimate const& of) const noexcept {
        double const half_lives = std::max(of.minutes * 60 / half_life_, 1.0);
        double const odds = 1.02 + 0.18 * std::log(std::min(of.evidence, 20.0)) - 0.81 * std::log(half_lives / 6);
        return 1 / (1 + std::exp(-odds));
    }

    time_to_critical_options options_;
    double sign_; // values are turned so that they approach the level by rising
    double half_life_;
    detail::stream_clock clock_;
    detail::decayed_regression line_;
    detail::decayed_holt holt_;
    detail::decay habit_decay_;
    detail::recent_peaks peaks_;
    double habit_ = 0; // the mean square of the slope
    double last_ = 0;
    double age_ = 0;
    std::uint64_t count_ = 0;
};
static_assert(forecaster<time_to_critical>);

inline std::optional<prediction> time_to_critical::forecast(std::chrono::nanoseconds horizon) const noexcept {
    if (!warm() || horizon < std::chrono::nanoseconds::zero()) {
        return std::nullopt;
    }
    double const ahead = static_cast<double>(horizon.count()) * 1e-9;
    bool const line_is_slower = std::abs(line_.slope()) <= std::abs(holt_.slope());
    double const level = line_is_slower ? line_.level() : holt_.level();
    double const slope = line_is_slower ? line_.slope() : holt_.slope();
    double const point = level + slope * ahead;
    double const drift = line_.slope_error() * ahead;
    double const apart = (line_.slope() - holt_.slope()) * ahead;
    double const deviation = std::sqrt(line_.variance() + drift * drift + apart * apart);
    constexpr double normal_90 = 1.2815515655446004; // a tenth lies beyond it on either side
    double const low = point - normal_90 * deviation;
    double const high = point + normal_90 * deviation;
    return sign_ > 0 ? prediction{point, low, high, 0.8} : prediction{-point, -high, -low, 0.8};
}

} // namespace orfeas::inline v0::forecast
