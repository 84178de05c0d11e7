// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <cmath>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// How often scores in units of a deviation are as high as one, also where that is rarer than anything seen: a Weibull-type
/// tail, P(score > x) = exp(-(x / a)^(1 / c)), by the quantile of 5 %, which is followed, and the mean excess over it.
///
/// Three numbers where a tail_threshold keeps 200 excesses. Excesses are learned clipped, so a few anomalies do not move it. A
/// Gaussian tail is met within 3 %; that of a power law is underestimated far out.
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
        return std::exp(-share_log * std::exp(std::log(score / low_) / exponent()));
    }

    /// The score that is exceeded with that chance, which is below 0.05.
    double threshold_for(double chance) const {
        return low_ * std::exp(exponent() * std::log(-std::log(chance) / share_log));
    }

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
    static constexpr double prior = 30; // excesses that the first guess is worth
    static constexpr double gaussian = 0.626;
    static constexpr double gaussian_ratio = 0.193;
    static constexpr double beyond = 4.0;
    static constexpr double settled = 2'000; // excesses that are averaged

    /// As the mean excess over the quantile says: 0.626 for a Gaussian tail, 1 for an exponential one, linear between.
    double exponent() const noexcept {
        double const ratio = excess_ / low_ - gaussian_ratio;
        double const made = gaussian + (ratio > 0 ? beyond : 2.67) * ratio;
        return made < 0.3 ? 0.3 : made > 6 ? 6 : made;
    }

    double low_ = 1.96;         // as of a Gaussian, and somewhat heavier
    double per_low_ = 1 / 1.96; // as of the last excess
    double excess_ = 0.45;
    double excesses_ = 0;
    double count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
