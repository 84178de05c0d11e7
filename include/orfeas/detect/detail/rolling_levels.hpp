// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace orfeas::inline v0::detect::detail {

/// Mean and standard deviation of the last levels, over windows of several lengths.
///
/// Sums are kept and, once a round of the ring, computed anew, so that rounding errors do not add up. Constant time, no
/// allocation. Thread-compatible (distinct objects).
template<std::size_t... Lengths>
class rolling_levels {
  public:
    static constexpr std::array<std::size_t, sizeof...(Lengths)> lengths{Lengths...};
    static constexpr std::size_t longest = [] {
        std::size_t most = 0;
        for (std::size_t const each : lengths) {
            most = each > most ? each : most;
        }
        return most;
    }();

    void push(double level) noexcept {
        replace(level, std::index_sequence_for<decltype(Lengths)...>{});
        ring_[next_] = level;
        ++count_;
        if (++next_ == longest) {
            next_ = 0;
            sum_up();
        }
    }

    bool full(std::size_t window) const noexcept { return count_ >= lengths[window]; }

    /// Of the window's levels; missing ones count as 0 until it is full.
    double mean(std::size_t window) const noexcept { return sums_[window] * per_length[window]; }
    double deviation(std::size_t window) const noexcept {
        double const centre = mean(window);
        double const variance = squares_[window] * per_length[window] - centre * centre;
        return variance > 0 ? std::sqrt(variance) : 0;
    }

    static void state(auto& self, auto&& io) { io(self.ring_, self.sums_, self.squares_, self.next_, self.count_); }
    bool valid() const noexcept {
        bool all = next_ < longest;
        for (double const each : ring_) {
            all = all && is_finite(each);
        }
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            all = all && is_finite(sums_[i]) && is_finite(squares_[i]);
        }
        return all;
    }

  private:
    static constexpr std::array<double, sizeof...(Lengths)> per_length{1.0 / Lengths...};

    template<std::size_t... I>
    void replace(double level, std::index_sequence<I...>) noexcept {
        (replace_in(sums_[I], squares_[I], level,
                    ring_[next_ >= Lengths ? next_ - Lengths : next_ + longest - Lengths]),
         ...);
    }
    static void replace_in(double& sum, double& squares, double level, double old) noexcept {
        sum += level - old;
        squares += level * level - old * old;
    }

    /// At the end of a round, when the newest level is the last of the ring.
    void sum_up() noexcept {
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            double sum = 0;
            double squares = 0;
            for (std::size_t back = 1; back <= lengths[i]; ++back) {
                double const each = ring_[longest - back];
                sum += each;
                squares += each * each;
            }
            sums_[i] = sum;
            squares_[i] = squares;
        }
    }

    std::array<double, longest> ring_{};
    std::array<double, sizeof...(Lengths)> sums_{};
    std::array<double, sizeof...(Lengths)> squares_{};
    std::uint32_t next_ = 0;
    std::uint64_t count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
