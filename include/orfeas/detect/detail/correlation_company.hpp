// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_distance.hpp>
#include <orfeas/detect/detail/correlation_habit.hpp>
#include <orfeas/detect/detail/correlation_lanes.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Tells whether a metric has left its company: whether, for some samples, it has not been what all the others say of it at the
/// same time, though each value may be usual.
///
/// It takes errors of a regression on the last sample, in which there is no level and no course of the day: a course that all
/// share would outweigh what each has of its own. Errors times the inverse of their covariance are what the other metrics do not
/// explain of each. That is measured by the metric's habit, clipped and squared, since one sample says little here, and a burst is
/// told by the error itself. A short mean of it less a longer one is high where a metric has just left; what lasts is told once.
///
/// The stream's own habit is what of that is rare. Of an episode it learns the first samples alone: a metric that is gone for an
/// hour each day must not make that usual. A stream whose metrics often part for a moment is not told of it.
/// Thread-compatible (distinct objects).
class correlation_company {
  public:
    static constexpr float furthest = 20; ///< deviations: errors that are further off are to be taken for that

    correlation_company(std::size_t metrics, std::uint32_t lookback)
        : metrics_{metrics},
          rate_{quantile_steps / static_cast<float>(lookback)},
          whitening_{metrics, lookback},
          habit_{metrics, lookback, {.share = 0.02F, .floor = 1.5F}},
          recent_(lanes_for(metrics)),
          longer_(lanes_for(metrics)),
          work_(lanes_for(metrics)) {}

    /// Takes in errors in deviations of their own, 0 for those that have a weight of 0 where others have 1, as all have in a
    /// whole sample. Returns how sure it is
    /// that a metric has left: 0 to 18, 10 at the boundary and below 1 usually.
    float take(lanes const& errors, lanes const& weights, bool is_whole) {
        if (metrics_ < 2) { // it has no company
            return 0;
        }
        whitening_.take(errors);
        for (std::size_t i = 0; !is_whole && i < metrics_; ++i) {
            if (weights[i] == 0) {
                whitening_.leave_out(i);
            }
        }
        float const most = follow(weights);
        float const strangeness = std::sqrt(most);
        sureness_ = sureness(strangeness);
        learn(strangeness);
        share_out(most > 0 ? sureness_ * sureness_ / most : 0);
        return sureness_;
    }

    /// What each metric had in it, for blame: squares, relative to that of what `take` returned.
    lanes const& parts() const noexcept { return work_; }

    /// Of each metric, what the others did not explain, by what is rare: 1 once in 50 samples.
    lanes const& surprise() const noexcept { return habit_.surprise(); }

    /// What the others did not explain of the last error of a metric, in deviations of the error.
    float unexplained(std::size_t metric) const noexcept {
        float const unit = whitening_.per_deviation()[metric];
        return whitening_.whitened()[metric] * unit * unit;
    }

    /// How much of it is rare.
    float rare(std::size_t metric) const noexcept { return habit_.rare(metric) * whitening_.per_deviation()[metric]; }

    static void state(auto& self, auto&& io) {
        io(self.whitening_, self.habit_, self.recent_, self.longer_, self.work_, self.sureness_, self.rare_, self.seen_,
           self.learned_, self.high_, self.calm_, self.lasted_);
    }
    bool valid() const noexcept {
        return whitening_.valid() && habit_.valid() && all_moderate(recent_, longer_, work_) && rare_ > 0 &&
               is_moderate(rare_) && is_moderate(sureness_);
    }

  private:
    static constexpr float furthest_sample = 2.15F; // times what is rare: 5 deviations of a Gaussian
    static constexpr float furthest_alone = 3;      // times what is rare for the stream
    static constexpr float recent_rate = 0.3F;
    static constexpr float longer_rate = 0.03F;
    static constexpr float beyond = 1.75F; // times what is rare for the stream: the boundary
    static constexpr float boundary = 10;  // what is told of it there
    static constexpr float most_beyond = 1.05F;
    static constexpr float blame = 0.5F;  // of the last sample alone
    static constexpr float share = 0.01F; // of the samples that are beyond what is rare
    static constexpr float least = 0.05F; // what is rare for the stream counts for no less
    static constexpr float quantile_steps = 25;
    static constexpr float in_episode = 0.8F; // times what is rare
    static constexpr std::uint64_t settling = 200;
    static constexpr std::uint32_t first = 5; // samples of an episode, which are learned
    static constexpr std::uint32_t quiet = 10;
    static constexpr std::uint32_t longest = 1'500;

    /// Follows the means of each metric; returns by how much the shorter exceeds the longer at most.
    float follow(lanes const& weights) noexcept {
        auto habit = habit_.next();
        four most = four::Zero();
        float const most_sample = clip();
        for (std::size_t i = 0; i < weights.size(); i += 4) {
            four const weight = four_at(weights, i);
            four const own = four_at(whitening_.whitened(), i) * four_at(whitening_.per_deviation(), i);
            four const square = habit.take(i, own.abs() * weight, weight).min(most_sample).square();
            four const recent = four_at(recent_, i) + recent_rate * (square - four_at(recent_, i));
            four const longer = four_at(longer_, i) + longer_rate * (square - four_at(longer_, i));
            four const beyond_it = (recent - longer).max(0.0F) * weight;
            four_at(recent_, i) = recent;
            four_at(longer_, i) = longer;
            four_at(work_, i) = beyond_it;
            most = most.max(beyond_it);
        }
        return most.maxCoeff();
    }

    /// Makes parts of what `follow` found.
    void share_out(float factor) noexcept {
        for (std::size_t i = 0; i < work_.size(); i += 4) {
            four_at(work_, i) = four_at(work_, i) * factor + blame * four_at(habit_.surprise(), i).square();
        }
    }

    /// How far a sample counts: one alone, with a burst, does not reach the boundary.
    float clip() const noexcept {
        float const alone = furthest_alone * rare_;
        return alone < furthest_sample ? alone : furthest_sample;
    }

    /// Steep, so that it is nothing but near the boundary.
    float sureness(float strangeness) const noexcept {
        float const ratio = strangeness / (beyond * rare_);
        float const bounded = ratio < most_beyond ? ratio : most_beyond;
        float const cube = bounded * bounded * bounded;
        return boundary * cube * cube * cube * cube;
    }

    /// Follows what is rare for the stream.
    void learn(float strangeness) noexcept {
        ++seen_;
        if (strangeness > in_episode * rare_) {
            calm_ = 0;
            ++high_;
        } else {
            calm_ += calm_ < quiet ? 1U : 0U;
            high_ = calm_ < quiet ? high_ : 0;
        }
        lasted_ = high_ > 0 ? lasted_ + 1 : 0;
        if (seen_ <= settling || (high_ > first && lasted_ <= longest)) {
            return;
        }
        ++learned_;
        float const early = 10 / static_cast<float>(learned_ + 100);
        float const step = early > rate_ ? early : rate_;
        rare_ *= 1 + step * ((strangeness > rare_ ? 1.0F : 0.0F) - share);
        rare_ = rare_ > least ? rare_ : least;
    }

    std::size_t metrics_;
    float rate_;
    correlation_distance whitening_;
    correlation_habit habit_;
    lanes recent_; // means of squares
    lanes longer_;
    lanes work_;
    float sureness_ = 0;
    float rare_ = 0.86F; // as of Gaussian noise, and somewhat higher
    std::uint64_t seen_ = 0;
    std::uint64_t learned_ = 0;
    std::uint32_t high_ = 0; // samples of the episode that are strange
    std::uint32_t calm_ = 0;
    std::uint32_t lasted_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
