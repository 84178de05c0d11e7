// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace orfeas::inline v0::detect::detail {

/// Maps the values of a metric to levels: usual ones to 0 up to `top`, those beyond ever more closely, so that every finite
/// value has a level within -1,500 and 1,500. What is told about levels does not depend on the metric's unit.
/// Thread-compatible (distinct objects).
class level_scale {
  public:
    static constexpr double top = 8;
    static constexpr std::size_t most_values = 300;

    /// What of the values that are learned from is usual: all of them, or the middle four fifths and `margin` of their width on
    /// either side, so that a few extreme ones do not stretch the scale.
    enum class reach { all, middle };

    /// Learns from 1 to most_values finite values. The usual ones span at least `least_width`. Returns whether they differ; where
    /// all are equal, nothing is learned.
    bool learn(std::span<double const> values, reach what, double margin, double least_width = 0) {
        std::array<double, most_values> sorted{};
        std::copy(values.begin(), values.end(), sorted.begin());
        auto const end = sorted.begin() + static_cast<std::ptrdiff_t>(values.size());
        std::sort(sorted.begin(), end);
        double const lowest = sorted[0];
        double const highest = sorted[values.size() - 1];
        double const low = sorted[values.size() / 10];
        double const high = sorted[values.size() - 1 - values.size() / 10];
        half_low_ = lowest / 2; // halves, since the width of all values need not be finite
        half_width_ = highest / 2 - lowest / 2;
        if (what == reach::middle && high > low) {
            double const more = margin * (high / 2 - low / 2);
            half_low_ = std::max(lowest / 2, low / 2 - more);
            half_width_ = std::min(highest / 2, high / 2 + more) - half_low_;
        }
        half_width_ = std::max(half_width_, least_width / 2);
        per_half_width_ = top / half_width_;
        half_step_ = half_width_ / top;
        return half_width_ > 0 && per_half_width_ < HUGE_VAL;
    }

    double level(double value) const noexcept {
        double const u = (value / 2 - half_low_) * per_half_width_;
        return u > top ? top + beyond(u - top) : u < 0 ? -beyond(-u) : u;
    }

    /// A value, and by how much values differ there for one level. Both are finite.
    struct place {
        double value;
        double per_level;
    };

    place at(double level) const noexcept {
        double const beyond = level > top ? before(level - top) : level < 0 ? before(-level) : 0;
        double const u = level > top ? top + beyond : level < 0 ? -beyond : level;
        return {twice(half_low_ + u * half_step_), twice(half_step_ * (1 + beyond / 2))};
    }

    /// Whether all numbers are finite, so that every level will be.
    bool valid() const noexcept {
        return is_finite(half_low_) && half_width_ >= 0 && is_finite(half_width_) && per_half_width_ >= 0 &&
               is_finite(per_half_width_) && is_finite(half_step_);
    }

    static void state(auto& self, auto&& io) {
        io(self.half_low_, self.half_width_, self.per_half_width_, self.half_step_);
    }

  private:
    static double beyond(double excess) noexcept {
        if (excess < 1e30) {
            return 2 * std::log(1 + static_cast<float>(excess / 2)); // in half of the time of log1p
        }
        return 2 * std::log(excess < 1e300 ? excess / 2 : 5e299);
    }
    static double before(double compressed) noexcept { return 2 * std::expm1(compressed / 2); }
    static double twice(double half) noexcept {
        constexpr double most = 8.95e307;
        return 2 * (half > most ? most : half < -most ? -most : half);
    }

    double half_low_ = 0;
    double half_width_ = 0;
    double per_half_width_ = 0;
    double half_step_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
