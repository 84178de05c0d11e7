// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace orfeas::inline v0::detect::detail {

/// The peaks of an autocorrelation, which is given from lag 0 on and outlives it. Thread-compatible (distinct objects).
class period_peaks {
  public:
    static constexpr double least = 0.2;   ///< correlation of a peak
    static constexpr double margin = 0.08; ///< that a longer lag must have over a shorter one: multiples are as high

    struct peak {
        double lag = 0;
        double height = 0; ///< 0 where there is none
    };

    /// A lag and the number of periods that told it.
    struct exact_lag {
        double lag;
        double times;
    };

    explicit period_peaks(std::span<float const> correlation) noexcept : all_{correlation} {}

    /// The highest local maximum behind a valley.
    peak highest() const noexcept {
        peak best;
        float low = 1;
        for (std::size_t i = 1; i + reach(i) < all_.size(); ++i) {
            low = std::min(low, all_[i]);
            auto const height = static_cast<double>(all_[i]);
            bool const counts = i >= shortest && height >= least && height - static_cast<double>(low) >= prominence;
            if (counts && height > best.height + (best.height > 0 ? margin : 0) && is_top(i)) {
                best = {between(i), height};
            }
        }
        return best;
    }

    /// The highest correlation at about a lag; 0 where the lag is not within the reach.
    double near(double lag) const noexcept {
        auto const size = static_cast<double>(all_.size());
        if (!(lag >= 3 && lag + 4 < size)) {
            return 0;
        }
        auto const centre = static_cast<std::size_t>(lag + 0.5);
        std::size_t const top = top_around(centre);
        auto const more =
            static_cast<double>(std::abs(all_[top + 1] - all_[top - 1])) / 2; // a pulse's, between two lags
        return std::min(1.0, static_cast<double>(all_[top]) + more);
    }

    /// A period that is about `lag`, by the last of its multiples that can be followed.
    exact_lag by_multiples(double lag) const noexcept {
        exact_lag made{lag, 1};
        double const least_height = near(lag) / 2;
        for (double times = 1; (times + 0.5) * made.lag < static_cast<double>(all_.size()); ++times) {
            auto const centre = static_cast<std::size_t>(times * made.lag + 0.5);
            if (centre < 3 || centre + 3 >= all_.size()) {
                break;
            }
            std::size_t const top = top_around(centre);
            if (static_cast<double>(all_[top]) < least_height || top + reach(top) >= all_.size()) {
                break;
            }
            double const told = between(top) / times;
            if (std::abs(told - lag) > astray * lag) {
                break;
            }
            made = {told, times};
        }
        return made;
    }

  private:
    static constexpr std::size_t shortest = 8;
    static constexpr double prominence = 0.25;
    static constexpr double astray = 0.1; // of a lag: that is another one's multiple

    /// How far to either side a peak is looked at.
    static std::size_t reach(std::size_t lag) noexcept { return std::clamp<std::size_t>(lag / 16, 1, 8); }

    /// The highest within two lags.
    std::size_t top_around(std::size_t centre) const noexcept {
        auto const first = all_.begin() + static_cast<std::ptrdiff_t>(centre - 2);
        return static_cast<std::size_t>(std::max_element(first, first + 5) - all_.begin());
    }

    bool is_top(std::size_t i) const noexcept {
        for (std::size_t away = 1; away <= reach(i); ++away) {
            if (all_[i - away] > all_[i] || all_[i + away] > all_[i]) {
                return false;
            }
        }
        return true;
    }

    /// The top of a parabola through the peak and its flanks.
    double between(std::size_t i) const noexcept {
        std::size_t const away = reach(i);
        auto const left = static_cast<double>(all_[i - away]);
        auto const right = static_cast<double>(all_[i + away]);
        double const bend = left - 2 * static_cast<double>(all_[i]) + right;
        double const off = bend < 0 ? 0.5 * (left - right) / bend : 0;
        return static_cast<double>(i) + static_cast<double>(away) * std::clamp(off, -0.5, 0.5);
    }

    std::span<float const> all_;
};

/// The period of the clock that is within `doubt` of one found, in nanoseconds; 0 where none is.
inline std::int64_t clock_period(double found, double doubt) noexcept {
    constexpr std::array<std::int64_t, 15> minutes{1,   5,   10,  15,  20,  30,    60,    120,
                                                   180, 240, 360, 480, 720, 1'440, 10'080};
    for (std::int64_t const each : minutes) {
        if (std::abs(found - static_cast<double>(each) * 60e9) <= doubt) {
            return each * 60'000'000'000;
        }
    }
    return 0;
}

} // namespace orfeas::inline v0::detect::detail
