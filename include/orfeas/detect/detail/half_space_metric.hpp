// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace orfeas::inline v0::detect::detail {

/// What half-space trees know of one metric: the range that it is mapped to [0, 1] by, what it was in the last window, and how often
/// it has varied at all. Thread-compatible (distinct objects).
class half_space_metric {
  public:
    /// Takes in a value: whether it is another than the one that most values are.
    void observe(double value, double forgetting) noexcept {
        usual_ = votes_ == 0 ? value : usual_;
        bool const is_usual = value == usual_;
        if (is_usual) {
            votes_ += votes_ < most_votes ? 1U : 0U;
        } else {
            --votes_;
        }
        different_ = different_ * (1 - forgetting) + (is_usual ? 0 : 1);
    }

    /// Where a value lies in the range, within a million of its widths; 0.5 while there is none.
    float place_of(double value) const noexcept {
        double const place = per_half_width_ > 0 ? (value / 2 - half_low_) * per_half_width_ : 0.5;
        return static_cast<float>(place < -1e6 ? -1e6 : place > 1e6 ? 1e6 : place);
    }

    /// A window of values has ended. Returns whether the range has changed: where values now lie elsewhere, or span much more or less.
    bool turn(std::span<double const> values) noexcept {
        low_ = *std::min_element(values.begin(), values.end());
        high_ = *std::max_element(values.begin(), values.end());
        mean_ = 0;
        for (double const each : values) {
            mean_ += each / static_cast<double>(values.size());
        }
        mean_ = std::clamp(mean_, low_, high_);
        double const half = high_ / 2 - low_ / 2;
        double const known = per_half_width_ > 0 ? 1 / per_half_width_ : 0;
        double const moved = low_ / 2 + half / 2 - (half_low_ + known / 2);
        bool const fits = half <= 2 * known && half >= known / 8 && moved <= known && moved >= -known;
        if (fits || !(1 / half < 1e308)) { // all equal, or as good as that: the range that was known remains
            return false;
        }
        half_low_ = low_ / 2;
        per_half_width_ = 1 / half;
        return true;
    }

    double expected() const noexcept { return mean_; }
    double low() const noexcept { return low_; }
    double high() const noexcept { return high_; }

    /// What a score is multiplied by, in [0, 1]: next to 0 where the metric has hardly ever had another value.
    double evidence() const noexcept { return different_ / (different_ + few_differences); }

    static void state(auto& self, auto&& io) {
        io(self.half_low_, self.per_half_width_, self.low_, self.high_, self.mean_, self.usual_, self.votes_,
           self.different_);
    }
    bool valid() const noexcept {
        return is_finite(half_low_) && is_finite(per_half_width_) && per_half_width_ >= 0 && is_finite(low_) &&
               is_finite(high_) && is_finite(mean_) && low_ <= mean_ && mean_ <= high_ && is_finite(usual_) &&
               is_finite(different_) && different_ >= 0;
    }

  private:
    static constexpr double few_differences = 5; // for these, scores are halved
    static constexpr std::uint32_t most_votes = 1'000;

    double half_low_ = 0; // halves, since the width need not be finite
    double per_half_width_ = 0;
    double low_ = 0; // of the last window
    double high_ = 0;
    double mean_ = 0;
    double usual_ = 0; // the value that most are, if there is one (Boyer and Moore 1981)
    std::uint32_t votes_ = 0;
    double different_ = 0; // values other than that, older ones counting less
};

} // namespace orfeas::inline v0::detect::detail
