// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_lanes.hpp>
#include <orfeas/detect/detail/correlation_scale.hpp>

#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// What a habit is measured by.
struct habit_measure {
    float share = 0.005F;                   ///< of the samples that exceed what is rare, less than 0.05
    float floor = correlation_scale::floor; ///< what is rare counts for no less
};

/// Measures distances of metrics by what is rare for each: by the distance that it exceeds once in 200 samples. A metric that
/// often strays far counts for no more than one that never does. Follows that quantile and the spread by small steps.
/// Thread-compatible (distinct objects).
class correlation_habit {
  public:
    correlation_habit(std::size_t metrics, std::uint32_t lookback, habit_measure const& measure = {})
        : share_{measure.share},
          floor_{measure.floor * measure.floor},
          rate_{1 / static_cast<float>(lookback)},
          rare_(lanes_for(metrics)),
          square_(lanes_for(metrics)),
          surprise_(lanes_for(metrics)) {}

    /// Ranges have grown: distances are now other parts of them.
    void rescale(lanes const& shrink) noexcept {
        array_of(rare_) *= array_of(shrink);
        array_of(square_) *= array_of(shrink).square();
    }

    /// Takes in distances of at least 0, in ranges, those with a weight of 1; others have 0. `surprise()` then holds them by what
    /// is rare.
    void take(lanes const& distances, lanes const& weights) noexcept {
        ++seen_;
        auto const off = array_of(distances);
        auto const weight = array_of(weights);
        auto rare = array_of(rare_);
        auto square = array_of(square_);
        array_of(surprise_) = off / (rare.square() + floor_).sqrt();
        float const step = step_after(seen_, rate_);
        if (seen_ < first) {
            rare = rare.max(off * weight);
        } else {
            float const size = steps * step;
            auto const exceeds = ((off - rare) * 1e12F).max(0.0F).min(1.0F); // a comparison would not be vectorised
            rare = (rare + size * weight * square.sqrt() * (exceeds - share_)).max(0.0F);
        }
        if (seen_ < settling) {
            square += step * weight * (off.square() - square);
        } else {
            square += step * weight * (off.square().min(clip * clip * (square + floor_)) - square);
        }
    }

    /// 1 for a distance that is exceeded as rarely as is said.
    lanes const& surprise() const noexcept { return surprise_; }

    /// The distance that is rare, in ranges.
    float rare(std::size_t metric) const noexcept { return rare_[metric]; }

    /// The mean of squared distances, in squared ranges.
    lanes const& square() const noexcept { return square_; }

    static void state(auto& self, auto&& io) { io(self.seen_, self.rare_, self.square_, self.surprise_); }
    bool valid() const noexcept {
        return all_finite(rare_, square_, surprise_) && array_of(rare_).minCoeff() >= 0 &&
               array_of(square_).minCoeff() >= 0;
    }

  private:
    static constexpr std::uint64_t first = 100; // whose largest distance starts the search
    static constexpr std::uint64_t settling = 50;
    static constexpr float steps = 20;
    static constexpr float clip = 3;

    float share_;
    float floor_; // squared
    float rate_;
    std::uint64_t seen_ = 0;
    lanes rare_;
    lanes square_;
    lanes surprise_;
};

} // namespace orfeas::inline v0::detect::detail
