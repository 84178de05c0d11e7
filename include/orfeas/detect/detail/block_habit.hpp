// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// How the residuals of a stream's blocks usually are: their deviation, by the mean distance from 0, and how much more the means
/// of many vary than independent ones would. That is the largest of what the correlation of neighbours says and what the sums of
/// 12 and of 48 blocks have shown. In the unit of `standardised` a mean over n blocks has a variance of 1/n.
/// Thread-compatible (distinct objects).
class block_habit {
  public:
    /// At most `clip` deviations, which are not finer than a hundredth of the unit: what is left of one odd value in a flat line is
    /// less. `least` is the usual distance of that very block, where it is known.
    double standardised(double residual, double least) const noexcept {
        double const sigma = gaussian * (distance_ > least ? distance_ : least);
        return bounded(residual / (sigma > floor ? sigma : floor)) * per_inflation_;
    }

    /// Takes in a block; only long sums learn from what is not to be learned.
    void learn(double residual, bool learns) noexcept {
        double const sigma = deviation();
        double const most = count_ < 8 || sigma <= tiny ? HUGE_VAL : clip * sigma;
        double const kept = residual > most ? most : residual < -most ? -most : residual;
        for (auto& each : sums_) {
            each.take(sigma > tiny ? kept / sigma : 0);
        }
        if (learns) {
            ++count_;
            double const rate = count_ < slowest ? 1 / static_cast<double>(count_) : 1.0 / static_cast<double>(slowest);
            distance_ += rate * (std::abs(kept) - distance_);
            square_ += rate * (kept * kept - square_);
            product_ += rate * (kept * last_ - product_);
            last_ = kept;
            double const prior = 2.0 / static_cast<double>(count_ + 4); // half of what a slow stream would have
            double const seen = square_ > 0 ? product_ / square_ : 0;
            double const phi = seen + prior * (1 - seen);
            double const within = phi < 0 ? 0 : phi > most_phi ? most_phi : phi;
            by_phi_ = std::sqrt((1 + within) / (1 - within));
        }
        double inflation = by_phi_;
        for (auto const& each : sums_) {
            inflation = each.inflation > inflation ? each.inflation : inflation;
        }
        per_inflation_ = 1 / inflation;
    }

    double deviation() const noexcept { return gaussian * distance_; }
    double distance() const noexcept { return distance_; }
    std::uint64_t count() const noexcept { return count_; }

    static void state(auto& self, auto&& io) {
        io(self.distance_, self.square_, self.product_, self.last_, self.by_phi_, self.per_inflation_, self.count_,
           self.sums_);
    }
    bool valid() const noexcept {
        return distance_ >= 0 && is_finite(distance_) && square_ >= 0 && is_finite(square_) && is_finite(product_) &&
               is_finite(last_) && by_phi_ >= 1 && by_phi_ < 100 && per_inflation_ > 0 && per_inflation_ <= 1 &&
               sums_[0].valid() && sums_[1].valid();
    }

  private:
    static constexpr double gaussian = 1.2533; // deviation over mean distance
    static constexpr double clip = 3;
    static constexpr double tiny = 1e-6;
    static constexpr double floor = 0.01;
    static constexpr double most_phi = 0.98;
    static constexpr std::uint64_t slowest = 576;

    /// Sums of so many blocks in deviations, over the root of their number: 1 usually where blocks are independent.
    struct long_sum {
        double blocks;
        double sum = 0;
        double taken = 0;
        double inflation = 1;
        double count = 0;

        void take(double deviations) noexcept {
            sum += deviations;
            taken += 1;
            if (taken < blocks) {
                return;
            }
            double const made = gaussian * std::abs(sum) / std::sqrt(blocks);
            double const most = 1.8 * inflation;
            count += count < slowest_sum ? 1 : 0;
            inflation += ((made < most ? made : most) - inflation) / (count + 4);
            sum = taken = 0;
        }

        static void state(auto& self, auto&& io) { io(self.sum, self.taken, self.inflation, self.count); }
        bool valid() const noexcept {
            return is_finite(sum) && taken >= 0 && inflation >= 0 && inflation < 100 && count >= 0;
        }
        static constexpr double slowest_sum = 80;
    };

    static double bounded(double u) noexcept { return u > clip ? clip : u < -clip ? -clip : u; }

    double distance_ = 0;
    double square_ = 0;
    double product_ = 0;
    double last_ = 0;
    double by_phi_ = 10;
    double per_inflation_ = 0.1;
    std::uint64_t count_ = 0;
    std::array<long_sum, 2> sums_{long_sum{12}, long_sum{48}};
};

} // namespace orfeas::inline v0::detect::detail
