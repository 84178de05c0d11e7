// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <cmath>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// How often scores are as high as one: those above 0 taken to be exponentially distributed. Two numbers instead of the 200 of
/// a tail_threshold, for what is told beside a score rather than decided by.
/// Constant time, no allocation. Thread-compatible (distinct objects).
class exponential_tail {
  public:
    /// The chance of a score of at least this one, by those before; then learns it, clipped, if that is wanted.
    double take(double score, bool learns) noexcept {
        bool const is_positive = score > 0;
        double const chance = is_positive ? share_ * std::exp(-score / mean_) : 1;
        if (learns) {
            learn(score, is_positive);
        }
        return chance;
    }

    static void state(auto& self, auto&& io) { io(self.share_, self.mean_, self.count_); }
    bool valid() const noexcept { return share_ >= 0 && share_ <= 1 && mean_ > 0 && is_finite(mean_); }

  private:
    static constexpr double rate = 0.001;
    static constexpr std::uint32_t settled = 1'000;
    static constexpr double clip = 5; // times the mean

    void learn(double score, bool is_positive) noexcept {
        count_ += count_ < settled ? 1 : 0;
        double const step = count_ < settled ? 1.0 / (count_ + 1) : rate;
        share_ += ((is_positive ? 1.0 : 0.0) - share_) * step;
        if (is_positive) {
            double const most = clip * mean_;
            mean_ += ((score < most ? score : most) - mean_) * step;
        }
    }

    double share_ = 1;
    double mean_ = 1;
    std::uint32_t count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
