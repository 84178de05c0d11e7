// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/slow_course.hpp>

#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// How much speaks against a profile: what the squares of the residuals' means over the last blocks exceed their usual value by,
/// summed up (a CUSUM on energy), whichever side they are on. The means are measured by their own habit.
/// Constant time, no allocation. Thread-compatible (distinct objects).
class season_score {
  public:
    static constexpr state_kind kind{"season_detector", 2};
    static constexpr double least = 3; ///< of an episode
    static constexpr double calm = 1;  ///< what ends it when it lasts
    static constexpr double most = 60;

    /// Takes in a block; returns the sum, which is 0 while there is no profile.
    double take(slow_course const&, slow_course::block const& each, bool learns) noexcept {
        if (!each.has_profile) {
            mean_ = sum_ = 0;
            return 0;
        }
        mean_ += rate * (each.standardised - mean_);
        double const square = mean_ * mean_ * per_variance;
        if (learns) {
            ++count_;
            double const step =
                count_ < slowest ? 1 / static_cast<double>(count_ + 12) : 1.0 / static_cast<double>(slowest);
            double const bounded = square < 6 * usual_ ? square : 6 * usual_;
            usual_ += step * (bounded - usual_);
        }
        double const ratio = square / (usual_ > 1 ? usual_ : 1);
        double const bounded = ratio < most_ratio ? ratio : most_ratio;
        double const next = (ratio < 1 ? fading : 1) * sum_ + (bounded - allowance) * rate;
        sum_ = next > 0 ? next < most ? next : most : 0;
        return sum_;
    }

    /// The profile is learned anew.
    void give_in(slow_course& course) noexcept {
        course.doubt();
        sum_ = 0;
    }

    static void state(auto& self, auto&& io) { io(self.mean_, self.usual_, self.sum_, self.count_); }
    bool valid() const noexcept {
        return is_finite(mean_) && usual_ >= 0 && is_finite(usual_) && sum_ >= 0 && sum_ <= most;
    }

  private:
    static constexpr double rate = 1.0 / 6;
    static constexpr double per_variance = 11; // (2 - rate) / rate
    static constexpr double allowance = 3;
    static constexpr double most_ratio = 16;
    static constexpr double fading = 0.9;
    static constexpr std::uint64_t slowest = 864;

    double mean_ = 0;
    double usual_ = 1;
    double sum_ = 0;
    std::uint64_t count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
