// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/level_scale.hpp>
#include <orfeas/detect/detail/mean_shift.hpp>
#include <orfeas/detect/detail/novelty_grids.hpp>
#include <orfeas/detect/detail/rolling_levels.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace orfeas::inline v0::detect::detail {

/// The parts of an outlier_detector's raw score.
struct outlier_parts {
    double level = 0;  ///< has this level been seen?
    double spread = 0; ///< have values varied as much, or as little?
    double shift = 0;  ///< is the mean where it usually is?
    double clock = 0;  ///< has this level been seen at this time of the day?

    double sum() const noexcept { return level + spread + shift + clock; }
};

/// What the next value is expected to be, and where values usually are.
struct expectation {
    double value;
    double low;
    double high;
};

/// The raw score of an outlier_detector, once the range of its values is known. Constant time, no allocation.
/// Thread-compatible (distinct objects).
class outlier_score {
  public:
    static constexpr std::size_t slots = 6; ///< of a day

    /// Learns the scales from values that are not all equal, the oldest first; returns false where they are not told apart.
    /// Their levels are not taken in.
    bool learn(std::span<double const> values) {
        if (!wide_.learn(values, level_scale::reach::all, 0) ||
            !usual_.learn(values, level_scale::reach::middle, margin)) {
            return false;
        }
        std::array<std::array<double, level_scale::most_values>, windows> deviations{};
        rolling rolled;
        std::array<std::size_t, windows> count{};
        for (double const each : values) {
            rolled.push(wide_.level(each));
            for (std::size_t w = 0; w < windows; ++w) {
                if (rolled.full(w)) {
                    deviations[w][count[w]++] = rolled.deviation(w);
                }
            }
        }
        for (std::size_t w = 0; w < windows; ++w) {
            spread_scales_[w].learn(std::span{deviations[w]}.first(count[w]), level_scale::reach::middle, margin,
                                    least_spread);
        }
        return true;
    }

    /// Takes in a value; `slot` is that of the day. All parts are multiplied by `weight`.
    outlier_parts take(double value, std::size_t slot, double weight) noexcept {
        double const wide = wide_.level(value);
        double const usual = usual_.level(value);
        follow(wide);
        levels_.push(wide);
        double const level = level_grids_.take(usual);
        double spread = 0;
        for (std::size_t w = 0; w < windows; ++w) {
            if (levels_.full(w)) {
                spread += spread_grids_[w].take(spread_scales_[w].level(levels_.deviation(w)));
            }
        }
        double shift = 0;
        for (std::size_t i = 0; i < shifts; ++i) {
            if (levels_.full(shift_windows[i])) {
                shift += shift_weights[i] * shifts_[i].take(levels_.mean(shift_windows[i]));
            }
        }
        double const clock = clock_grids_.take(usual, slot);
        bool const is_known = slot_counts_[slot] >= known_slot; // at first all is new at that time
        slot_counts_[slot] += is_known ? 0U : 1U;
        return {weight * level_weight * level, weight * spread_weight * spread, weight * shift,
                is_known ? weight * clock_weight * clock : 0};
    }

    /// Begins a generation of memory.
    void age() noexcept {
        level_grids_.age();
        for (auto& each : spread_grids_) {
            each.age();
        }
        clock_grids_.age();
    }

    /// The mean of the last values, and three usual distances to either side of it.
    expectation expected() const noexcept {
        double const centre = levels_.full(expecting) ? levels_.mean(expecting) : level_scale::top / 2;
        auto const [value, per_level] = wide_.at(centre);
        double const reach = band * std::sqrt(variance_) * per_level;
        return {value, bounded(value - reach), bounded(value + reach)};
    }

    static void state(auto& self, auto&& io) {
        io(self.wide_, self.usual_, self.spread_scales_, self.levels_, self.level_grids_, self.spread_grids_,
           self.clock_grids_, self.slot_counts_, self.shifts_, self.variance_, self.followed_);
    }
    bool valid() const noexcept {
        bool all = wide_.valid() && usual_.valid() && levels_.valid() && level_grids_.valid() && clock_grids_.valid() &&
                   variance_ >= 0 && is_finite(variance_);
        for (auto const& each : spread_scales_) {
            all = all && each.valid();
        }
        for (auto const& each : spread_grids_) {
            all = all && each.valid();
        }
        for (auto const& each : shifts_) {
            all = all && each.valid();
        }
        return all;
    }

  private:
    using rolling = rolling_levels<24, 48, 144>;
    static constexpr std::size_t windows = 2; // the first two lengths
    static constexpr std::size_t shifts = 2;
    static constexpr std::array<std::size_t, shifts> shift_windows{1, 2}; // of 48 and 144
    static constexpr std::array<double, shifts> shift_weights{0.16, 0.09};
    static constexpr double level_weight = 1.8;
    static constexpr double spread_weight = 0.6; // of each window
    static constexpr double clock_weight = 0.45;
    static constexpr double margin = 1;
    static constexpr double least_spread = 0.01; // levels: finer ones are rounding
    static constexpr std::uint32_t known_slot = 24;
    static constexpr std::size_t expecting = 1; // the window of 48
    static constexpr double band = 3;

    static double bounded(double value) noexcept {
        constexpr double most = 1.79e308;
        return value > most ? most : value < -most ? -most : value;
    }

    /// The usual distance from what was expected, learned from clipped ones.
    void follow(double level) noexcept {
        if (!levels_.full(expecting)) {
            return;
        }
        double const distance = level - levels_.mean(expecting);
        double const square = distance * distance;
        double const most = followed_ < 48 ? square : 16 * variance_;
        double const share = 1 / static_cast<double>(followed_ + 1);
        variance_ += ((square < most ? square : most) - variance_) * (share > 0.005 ? share : 0.005);
        ++followed_;
    }

    level_scale wide_;
    level_scale usual_;
    std::array<level_scale, windows> spread_scales_;
    rolling levels_;
    novelty_grids<8> level_grids_;
    std::array<novelty_grids<2>, windows> spread_grids_;
    novelty_grids<2, slots> clock_grids_;
    std::array<std::uint32_t, slots> slot_counts_{};
    std::array<mean_shift, shifts> shifts_;
    double variance_ = 0;
    std::uint64_t followed_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
