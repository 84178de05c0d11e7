// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::forecast::detail {

/// What a metric is like at each time of its period, against its own level. A slot is averaged over the first periods and
/// decays from then on; it is read together with its neighbours, as one slot alone has seen few values.
/// Allocates once, in the constructor. Thread-compatible (distinct objects).
class season_profile {
  public:
    explicit season_profile(std::size_t slots) : offsets_(slots), visits_(slots) {}

    std::size_t slots() const noexcept { return offsets_.size(); }

    void learn(std::size_t slot, double offset) noexcept {
        visits_[slot] = visits_[slot] < settling ? static_cast<std::uint8_t>(visits_[slot] + 1) : settling;
        offsets_[slot] += (offset - offsets_[slot]) / visits_[slot];
    }

    /// 0 where nothing was learned.
    double at(std::size_t slot) const noexcept {
        std::size_t const n = slots();
        std::size_t const reach = n > 4 * neighbours ? neighbours : 0;
        double sum = 0;
        double weights = 0;
        for (std::size_t i = 0; i <= 2 * reach; ++i) {
            std::size_t const each = (slot + n + i - reach) % n;
            double const weight = visits_[each] > 0 ? 1 : 0;
            sum += weight * offsets_[each];
            weights += weight;
        }
        return weights > 0 ? sum / weights : 0;
    }

    static void state(auto& self, auto&& io) { io(self.offsets_, self.visits_); }
    bool valid() const noexcept {
        return std::all_of(offsets_.begin(), offsets_.end(), [](double each) { return is_finite(each); }) &&
               std::all_of(visits_.begin(), visits_.end(), [](std::uint8_t each) { return each <= settling; });
    }

  private:
    static constexpr std::uint8_t settling = 5;
    static constexpr std::size_t neighbours = 2; // on either side

    std::vector<double> offsets_;
    std::vector<std::uint8_t> visits_;
};

} // namespace orfeas::inline v0::forecast::detail
