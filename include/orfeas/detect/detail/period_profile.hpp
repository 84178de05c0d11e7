// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// What values are like at each time of a period: the means of 288 slots, each over the last visits, read smoothed over the
/// neighbours. Values are in units of the caller's.
/// Constant time, no allocation; 2.6 KB. Thread-compatible (distinct objects).
class period_profile {
  public:
    static constexpr std::size_t slots = 288;

    /// Whether the slot or a neighbour was visited.
    struct reading {
        double value = 0;
        bool is_known = false;
    };

    /// The mean around a slot, weighted by closeness and visits.
    reading at(std::size_t slot) const noexcept {
        float sum = 0;
        float weights = 0;
        std::size_t at = slot < reach ? slot + slots - reach : slot - reach;
        for (std::size_t i = 0; i < 2 * reach + 1; ++i, at = at + 1 < slots ? at + 1 : 0) {
            float const weight = kernel[i] * static_cast<float>(visits_[at]);
            sum += weight * means_[at];
            weights += weight;
        }
        return weights > 0 ? reading{static_cast<double>(sum / weights), true} : reading{};
    }

    /// Takes in the mean of one visit.
    void learn(std::size_t slot, double value) noexcept {
        std::uint8_t& visits = visits_[slot];
        visits = static_cast<std::uint8_t>(visits < most_visits ? visits + 1 : most_visits);
        means_[slot] += (static_cast<float>(value) - means_[slot]) / static_cast<float>(visits);
    }

    /// How far a slot's visits were from what was expected; from the second on at most three times as far as before or `usual`.
    void learn_distance(std::size_t slot, double residual, double usual) noexcept {
        auto const distance = static_cast<float>(residual < 0 ? -residual : residual);
        float& known = distances_[slot];
        float const base = known > static_cast<float>(usual) ? known : static_cast<float>(usual);
        bool const is_first = visits_[slot] <= 1; // a steep flank is far from what is read smoothed
        float const bounded = distance < 3 * base || is_first ? distance : 3 * base;
        float const visits = static_cast<float>(visits_[slot]) + 1;
        known += (bounded - known) / (visits < slow_visits ? visits : slow_visits);
    }

    /// The mean of that.
    double distance(std::size_t slot) const noexcept { return static_cast<double>(distances_[slot]); }

    /// Trusts what was learned no more than one visit: what comes counts as much.
    void doubt() noexcept {
        for (auto& each : visits_) {
            each = each > 1 ? 1 : each;
        }
    }

    static void state(auto& self, auto&& io) { io(self.means_, self.distances_, self.visits_); }
    bool valid() const noexcept {
        bool all = true;
        for (float const each : means_) {
            all = all && each > -HUGE_VALF && each < HUGE_VALF;
        }
        for (float const each : distances_) {
            all = all && each >= 0 && each < HUGE_VALF;
        }
        for (auto const each : visits_) {
            all = all && each <= most_visits;
        }
        return all;
    }

  private:
    static constexpr std::size_t reach = 8; // slots on either side: 40 minutes of a day
    static constexpr std::uint8_t most_visits = 14;
    static constexpr float slow_visits = 8;
    static constexpr auto kernel = [] {
        std::array<float, 2 * reach + 1> made{};
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = static_cast<float>(i < reach ? i + 1 : 2 * reach + 1 - i);
        }
        return made;
    }();

    std::array<float, slots> means_{};
    std::array<float, slots> distances_{};
    std::array<std::uint8_t, slots> visits_{};
};

} // namespace orfeas::inline v0::detect::detail
