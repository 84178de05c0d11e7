// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/forecast/detail/damped_trend.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::forecast::detail {

/// Holt-Winters at three rates, each with and without the season, and for each horizon the mean of them, weighted by how small
/// their errors have been at that horizon. Its own errors give the band: the quantiles are followed, one error at a time, so
/// that a tenth lies beyond either side in the long run, whatever the distribution (Gibbs and Candes 2021).
/// Thread-compatible (distinct objects).
class forecast_experts {
  public:
    static constexpr std::array<std::uint64_t, 5> horizons{1, 3, 6, 12, 24}; // steps at which errors are followed

    struct band {
        double point = 0;
        double low = 0;
        double high = 0;
    };

    /// Takes in the value of step `step`; steps count up, but may be left out. `season(steps)` is the season's offset that
    /// many steps after this one.
    template<class Season>
    void add(std::uint64_t step, double value, Season const& season) noexcept {
        if (count_ > 0) {
            judge(step, value);
        }
        std::uint64_t const passed = count_ > 0 ? step - last_ : 1;
        for (std::size_t i = 0; i < levels_.size(); ++i) {
            levels_[i].add(i % 2 == 0 ? value : value - season(0), passed);
        }
        ++count_;
        last_ = step;
        for (std::size_t h = 0; h < horizons.size(); ++h) {
            auto& said = ring_[step % ring_size][h];
            said.step = step;
            said.each = all_at(levels_, horizons[h], season(horizons[h]));
            said.mean = mix(said.each, h);
        }
    }

    /// `steps` after a value that comes `passed` steps after the last one, is known as `value` so far, and has the season's
    /// offset `season_now`; there the offset is `season`.
    band at(std::uint64_t steps, double season, double value, double season_now, std::uint64_t passed) const noexcept {
        auto provisional = levels_;
        for (std::size_t i = 0; i < experts; ++i) {
            provisional[i].add(i % 2 == 0 ? value : value - season_now, passed);
        }
        std::size_t h = 0;
        while (h + 1 < horizons.size() && horizons[h] < steps) {
            ++h;
        }
        double const point = mix(all_at(provisional, steps, season), h);
        double const wider =
            steps > horizons[h] ? std::sqrt(static_cast<double>(steps) / static_cast<double>(horizons[h])) : 1;
        return {point, point + wider * low_[h], point + wider * high_[h]};
    }

    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t last() const noexcept { return last_; } ///< the step of the last value

    static void state(auto& self, auto&& io) {
        io(self.levels_, self.errors_, self.low_, self.high_, self.scale_, self.judged_, self.count_, self.last_);
        for (auto& step : self.ring_) {
            for (auto& said : step) {
                io(said.step, said.each, said.mean);
            }
        }
    }
    bool valid() const noexcept {
        bool sound = std::all_of(levels_.begin(), levels_.end(), [](auto const& each) { return each.valid(); });
        for (std::size_t h = 0; h < horizons.size(); ++h) {
            sound = sound && is_finite(low_[h]) && is_finite(high_[h]) && scale_[h] >= 0 && is_finite(scale_[h]);
            for (double const each : errors_[h]) {
                sound = sound && each >= 0 && is_finite(each);
            }
        }
        for (auto const& step : ring_) {
            for (auto const& said : step) {
                sound = sound && is_finite(said.mean);
            }
        }
        return sound;
    }

  private:
    static constexpr std::size_t experts = 6;
    static constexpr std::size_t ring_size = 32;
    static constexpr double forgetting = 0.01; // of old errors, a value
    static constexpr double beyond = 0.1;      // on either side of the band
    using values = std::array<double, experts>;

    struct statement {
        std::uint64_t step = ~std::uint64_t{0}; // it was made at
        values each{};
        double mean = 0;
    };

    static values all_at(std::array<damped_trend, experts> const& levels, std::uint64_t steps, double season) noexcept {
        values made{};
        for (std::size_t i = 0; i < experts; ++i) {
            made[i] = levels[i].after(steps) + (i % 2 == 0 ? 0 : season);
        }
        return made;
    }

    double mix(values const& each, std::size_t h) const noexcept {
        double const best = *std::min_element(errors_[h].begin(), errors_[h].end());
        double sum = 0;
        double weights = 0;
        for (std::size_t i = 0; i < experts; ++i) {
            double const ratio = errors_[h][i] > 0 ? best / errors_[h][i] : 1;
            double const weight = ratio * ratio * ratio * ratio * ratio * ratio;
            sum += weight * each[i];
            weights += weight;
        }
        return sum / weights;
    }

    /// Compares what was said of this step with what came.
    void judge(std::uint64_t step, double value) noexcept {
        for (std::size_t h = 0; h < horizons.size(); ++h) {
            if (step < horizons[h]) {
                continue;
            }
            auto const& said = ring_[(step - horizons[h]) % ring_size][h];
            if (said.step != step - horizons[h]) {
                continue;
            }
            judged_[h] += judged_[h] < 100 ? 1 : 0;
            double const rate = std::max(forgetting, 1 / judged_[h]);
            for (std::size_t i = 0; i < experts; ++i) {
                errors_[h][i] += rate * (std::abs(value - said.each[i]) - errors_[h][i]);
            }
            follow(h, value - said.mean, rate);
        }
    }

    void follow(std::size_t h, double error, double rate) noexcept {
        scale_[h] += rate * (std::abs(error) - scale_[h]);
        double const pace = scale_[h] * std::max(0.1, 2 * rate);
        low_[h] += pace * (beyond - (error < low_[h] ? 1 : 0));
        high_[h] += pace * ((error > high_[h] ? 1 : 0) - beyond);
        low_[h] = std::min(low_[h], 0.0);
        high_[h] = std::max(high_[h], 0.0);
    }

    std::array<damped_trend, experts> levels_{damped_trend{0.05, 0.02}, damped_trend{0.05, 0.02},
                                              damped_trend{0.25, 0.05}, damped_trend{0.25, 0.05},
                                              damped_trend{0.8, 0.1},   damped_trend{0.8, 0.1}};
    std::array<values, horizons.size()> errors_{}; // mean absolute ones
    std::array<double, horizons.size()> low_{};
    std::array<double, horizons.size()> high_{};
    std::array<double, horizons.size()> scale_{};
    std::array<double, horizons.size()> judged_{};
    std::uint64_t count_ = 0;
    std::uint64_t last_ = 0;
    std::array<std::array<statement, horizons.size()>, ring_size> ring_{};
};

} // namespace orfeas::inline v0::forecast::detail
