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

    /// Takes in the distances of one sample, four metrics at once.
    class pass {
      public:
        /// Takes in distances of at least 0, in ranges, of the metrics from `at` on, those with a weight of 1; others have 0.
        /// Returns them by what is rare, as `surprise()` then holds them.
        [[gnu::always_inline]] four take(std::size_t at, four const& off, four const& weight) noexcept {
            four const rare = four_at(habit_.rare_, at);
            four const square = four_at(habit_.square_, at);
            four const surprise = off * (rare.square() + floor_).rsqrt();
            four_at(habit_.surprise_, at) = surprise;
            four const squared = off.square();
            if (is_settled_) [[likely]] {
                four const exceeds = ((off - rare) * 1e12F).max(0.0F).min(1.0F); // a comparison takes longer
                four_at(habit_.rare_, at) = (rare + size_ * weight * square.sqrt() * (exceeds - share_)).max(0.0F);
                four_at(habit_.square_, at) =
                    square + step_ * weight * (squared.min(clip * clip * (square + floor_)) - square);
            } else {
                float const most = habit_.seen_ < settling ? 1e30F : clip * clip;
                four_at(habit_.rare_, at) = rare.max(off * weight);
                four_at(habit_.square_, at) =
                    square + step_ * weight * (squared.min(most * (square + floor_)) - square);
            }
            return surprise;
        }

      private:
        friend correlation_habit;
        explicit pass(correlation_habit& habit) noexcept
            : habit_{habit},
              step_{step_after(habit.seen_, habit.rate_)},
              size_{steps * step_},
              share_{habit.share_},
              floor_{habit.floor_},
              is_settled_{habit.seen_ >= first} {}

        correlation_habit& habit_;
        float step_;
        float size_;
        float share_;
        float floor_;
        bool is_settled_;
    };

    /// Of the next sample.
    pass next() noexcept {
        ++seen_;
        return pass{*this};
    }

    /// 1 for a distance that is exceeded as rarely as is said.
    lanes const& surprise() const noexcept { return surprise_; }

    /// The distance that is rare, in ranges.
    float rare(std::size_t metric) const noexcept { return rare_[metric]; }

    /// The mean of squared distances, in squared ranges.
    lanes const& square() const noexcept { return square_; }

    static void state(auto& self, auto&& io) { io(self.seen_, self.rare_, self.square_, self.surprise_); }
    bool valid() const noexcept {
        return all_moderate(rare_, square_, surprise_) && array_of(rare_).minCoeff() >= 0 &&
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
