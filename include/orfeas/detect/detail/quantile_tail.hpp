// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <cmath>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// How often scores in units of a deviation are as high as one, also where that is rarer than anything seen: a Weibull-type
/// tail, P(score > x) = exp(-(x / a)^(1 / c)), by the quantile of 5 %, which is followed, and the mean excess over it. What is rarer
/// than once in 30,000 is further out, by as much as Student's t tails are where c is above a Gaussian's.
///
/// Three numbers where a tail_threshold keeps 200 excesses. Excesses are learned clipped, so a few anomalies do not move it. A
/// Gaussian tail is met within 3 %.
/// Constant time, no allocation. Thread-compatible (distinct objects).
class quantile_tail {
  public:
    void learn(double score) noexcept {
        bool const exceeds = score > low_;
        double const gain = count_ < 8'000 ? 100 / (count_ + 300) : 0.012;
        count_ += 1;
        if (exceeds) {
            double const most = clip * excess_;
            double const excess = score - low_;
            excesses_ += excesses_ < settled ? 1 : 0;
            excess_ += ((excess < most ? excess : most) - excess_) / (excesses_ + prior);
        }
        low_ += 0.3 * gain * excess_ * ((exceeds ? 1 : 0) - share);
        low_ = low_ > least ? low_ : least;
        excess_ = excess_ > 0.05 * low_ ? excess_ : 0.05 * low_;
        if (exceeds) {
            per_low_ = 1 / low_;
        }
    }

    /// How often a score is at least as high as this one.
    double probability(double score) const {
        if (!(score > low_)) { // straight from 1 at 0
            return score > 0 ? 1 - (1 - share) * (score * per_low_ < 1 ? score * per_low_ : 1) : 1;
        }
        double const c = exponent();
        double const beyond_far = std::log(score / low_) - c * log_far;
        double const logs = beyond_far > 0 ? log_far + beyond_far / steeper(c) : log_far + beyond_far / c;
        return std::exp(-share_log * std::exp(logs));
    }

    /// The score that is exceeded with that chance, which is below 0.05.
    double threshold_for(double chance) const {
        double const c = exponent();
        double const beyond_far = std::log(-std::log(chance) / share_log) - log_far;
        return low_ * std::exp(c * log_far + (beyond_far > 0 ? steeper(c) : c) * beyond_far);
    }

    /// How heavy the tail is: 1 as a Gaussian's, 1.6 an exponential's.
    double weight() const noexcept { return exponent() / gaussian; }

    static void state(auto& self, auto&& io) {
        io(self.low_, self.per_low_, self.excess_, self.excesses_, self.count_);
    }
    bool valid() const noexcept {
        return low_ >= least && is_finite(low_) && per_low_ > 0 && is_finite(per_low_) && excess_ > 0 &&
               is_finite(excess_) && excesses_ >= 0 && count_ >= 0;
    }

  private:
    static constexpr double share = 0.05;
    static constexpr double share_log = 2.995732273553991; // -log of it
    static constexpr double least = 0.05;
    static constexpr double clip = 12;
    static constexpr double log_far = 1.2357; // of log(1 / 30,000) over that of the share
    static constexpr double prior = 60;       // excesses that the first guess is worth
    static constexpr double gaussian = 0.626;
    static constexpr double gaussian_ratio = 0.193;
    static constexpr double beyond = 3.8;
    static constexpr double settled = 2'000; // excesses that are averaged

    /// As the mean excess over the quantile says: 0.626 for a Gaussian tail, 1 for an exponential one, linear between.
    double exponent() const noexcept {
        double const ratio = excess_ / low_ - gaussian_ratio;
        double const made = gaussian + (ratio > 0 ? beyond : 2.67) * ratio;
        return made < 0.3 ? 0.3 : made > 6 ? 6 : made;
    }

    static double steeper(double c) noexcept { return c > gaussian ? 2 * c - gaussian : c; }

    double low_ = 1.96;         // as of a Gaussian, and somewhat heavier
    double per_low_ = 1 / 1.96; // as of the last excess
    double excess_ = 0.45;
    double excesses_ = 0;
    double count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
