// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/forecast/detail/decay.hpp>

#include <algorithm>
#include <cmath>

namespace orfeas::inline v0::forecast::detail {

/// Least squares of values on time, where a value counts half after each half-life. Keeps central moments, so that neither
/// large values nor long streams cost digits. The error of the slope is that of correlated residuals: their correlation from
/// one value to the next is followed, and the values count as fewer by (1 - r) / (1 + r).
/// Thread-compatible (distinct objects).
class decayed_regression {
  public:
    explicit decayed_regression(double half_life) noexcept : decay_{half_life} {}

    /// Takes in a value, `passed` seconds after the one before.
    void add(double passed, double value) noexcept {
        double const kept = decay_.after(passed);
        double const weight = weight_ * kept;
        mean_time_ -= passed;
        double const total = weight + 1;
        double const before = weight / total;
        double const time = -mean_time_;
        double const off = value - mean_;
        times_ = times_ * kept + before * time * time;
        products_ = products_ * kept + before * time * off;
        squares_ = squares_ * kept + before * off * off;
        mean_time_ += time / total;
        mean_ += off / total;
        weight_ = total;
        double const residual = value - level();
        lag_0_ = lag_0_ * kept + residual * residual;
        lag_1_ = lag_1_ * kept + residual * last_residual_;
        last_residual_ = residual;
    }

    double weight() const noexcept { return weight_; } ///< the values that count
    double slope() const noexcept { return times_ > 0 ? products_ / times_ : 0; }
    double mean() const noexcept { return mean_; }

    /// Of the line at the last value's time.
    double level() const noexcept { return mean_ - slope() * mean_time_; }

    /// Of the values about the line.
    double variance() const noexcept {
        double const left = squares_ - products_ * slope();
        return weight_ > 0 && left > squares_ * 1e-14 ? left / weight_ : 0; // less is rounding
    }

    double correlation() const noexcept { return lag_0_ > 0 ? std::clamp(lag_1_ / lag_0_, 0.0, 0.99) : 0; }

    /// Standard error of the slope; 0 where all values lie on the line.
    double slope_error() const noexcept {
        double const counted = std::max(2.0, weight_ * (1 - correlation()) / (1 + correlation()) - 2);
        return times_ > 0 ? std::sqrt(variance() * weight_ / counted / times_) : 0;
    }

    static void state(auto& self, auto&& io) {
        io(self.decay_, self.weight_, self.mean_time_, self.mean_, self.times_, self.products_, self.squares_,
           self.lag_0_, self.lag_1_, self.last_residual_);
    }
    bool valid() const noexcept {
        return decay_.valid() && weight_ >= 0 && is_finite(weight_ + mean_time_ + mean_) && times_ >= 0 &&
               is_finite(times_ + products_ + squares_ + lag_0_ + lag_1_ + last_residual_);
    }

  private:
    decay decay_;
    double weight_ = 0;
    double mean_time_ = 0; // before the last value, so at most 0
    double mean_ = 0;
    double times_ = 0; // weighted sums about the means
    double products_ = 0;
    double squares_ = 0;
    double lag_0_ = 0;
    double lag_1_ = 0;
    double last_residual_ = 0;
};

} // namespace orfeas::inline v0::forecast::detail
