// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/slow_course.hpp>

#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// How much speaks for a slow move to one side: the cumulative sums of what blocks are above or below the expected, less an
/// allowance (CUSUM; Page 1954), for either side. A sum fades that the last half hour of blocks does not speak for. The residuals are standardised so that their long means have the variance that
/// the sums reckon with; a sum of h then comes by chance about once in exp(h) / 2 blocks.
/// Constant time, no allocation. Thread-compatible (distinct objects).
class drift_score {
  public:
    static constexpr state_kind kind{"drift_detector", 2};
    static constexpr double least = 5;  ///< of an episode
    static constexpr double calm = 2.5; ///< what ends it when it lasts
    static constexpr double most = 60;

    /// Takes in a block; returns the larger sum.
    double take(slow_course const& course, slow_course::block const& each, bool) noexcept {
        up_.take(each.standardised, each.whole, course.now());
        down_.take(-each.standardised, each.whole, course.now());
        return worse().sum;
    }

    /// What has moved is usual from now on.
    void give_in(slow_course& course) noexcept {
        course.accept();
        up_ = down_ = {};
    }

    bool any() const noexcept { return worse().sum > 0; }

    /// 1 for up, -1 for down.
    int direction() const noexcept { return up_.sum >= down_.sum ? 1 : -1; }

    /// When the larger sum left 0.
    std::int64_t onset() const noexcept { return worse().onset; }

    /// How much the residuals have risen a block since then, as of a straight line through them.
    double rise() const noexcept { return worse().rise(); }

    /// Blocks since then.
    double blocks() const noexcept { return worse().blocks; }

    static void state(auto& self, auto&& io) { io(self.up_, self.down_); }
    bool valid() const noexcept { return up_.valid() && down_.valid(); }

  private:
    static constexpr double allowance = 0.5;
    static constexpr double recent_rate = 1.0 / 6;
    static constexpr double fading = 0.8; // of a sum that the last blocks do not speak for

    struct side {
        double sum = 0;
        double recent = 0;
        double moved = 0;    // sum of the residuals
        double weighted = 0; // by their number
        double blocks = 0;
        std::int64_t onset = 0;

        void take(double standardised, double residual, std::int64_t time) noexcept {
            recent += recent_rate * (standardised - recent);
            double const next = (recent < allowance ? fading : 1) * sum + standardised - allowance;
            if (!(next > 0)) {
                sum = moved = weighted = blocks = 0;
                return;
            }
            onset = sum > 0 ? onset : time;
            sum = next < most ? next : most;
            moved += residual;
            weighted += blocks * residual;
            blocks += 1;
        }

        double rise() const noexcept {
            return blocks < 3 ? 0 : (weighted - 0.5 * (blocks - 1) * moved) * 12 / (blocks * (blocks * blocks - 1));
        }

        static void state(auto& self, auto&& io) {
            io(self.sum, self.recent, self.moved, self.weighted, self.blocks, self.onset);
        }
        bool valid() const noexcept {
            return sum >= 0 && sum <= most && is_finite(recent) && is_finite(moved) && is_finite(weighted) &&
                   blocks >= 0 && is_finite(blocks);
        }
    };

    side const& worse() const noexcept { return up_.sum >= down_.sum ? up_ : down_; }

    side up_;
    side down_;
};

} // namespace orfeas::inline v0::detect::detail
