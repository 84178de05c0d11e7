// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Remembers which levels occurred, at four resolutions and `Offsets` places of the cells' borders each, and says how new a
/// level is. With several slots, such as the hours of a day, each remembers its own levels.
///
/// A cell that did not occur before is worth -log10 of how often new cells have come in its grid lately: a stream that always
/// brings something new is not surprising. There are two generations of memory, swapped by `age()`, so that what has not
/// occurred for one to two generations is new again.
///
/// Levels are rounded to steps much finer than a cell. Of each step it is known whether all its cells occurred in this
/// generation, so that a level that has been there costs one look. Constant time, no allocation.
/// Thread-compatible (distinct objects).
template<std::size_t Offsets, std::size_t Slots = 1>
class novelty_grids {
  public:
    static constexpr std::size_t resolutions = 4;
    static constexpr std::size_t grids = resolutions * Offsets;

    /// Takes in a level in one of the slots and returns its novelty, at least 0, in the mean over the grids.
    double take(double level, std::size_t slot = 0) noexcept {
        ++count_;
        float const rate = count_ < 99 ? 1 / static_cast<float>(count_ + 1) : slowest;
        double const off = level - centre;
        double const bounded = !(off > -furthest) ? -furthest : off > furthest ? furthest : off; // not-a-number too
        auto const step =
            static_cast<std::uint32_t>((bounded + furthest) * steps_per_level); // one instruction, to 32 bits
        std::uint64_t& known = known_[slot][step / 64];
        std::uint64_t const bit = std::uint64_t{1} << (step % 64);
        if ((known & bit) == 0) [[unlikely]] {
            known |= bit;
            return meet(step, slot, rate);
        }
        decay(rate);
        return 0;
    }

    /// Begins a generation: what did not occur in the last one is forgotten.
    void age() noexcept {
        current_ = 1 - current_;
        seen_[current_] = {};
        known_ = {};
    }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.known_, self.rates_, self.scale_, self.current_, self.count_);
    }
    bool valid() const noexcept {
        bool all = current_ <= 1 && scale_ > 0 && scale_ <= 1;
        for (float const rate : rates_) {
            all = all && rate >= 0 && rate < HUGE_VALF;
        }
        return all;
    }

  private:
    static constexpr std::size_t cells = 128; // a slot
    static constexpr double centre = 4;       // of the usual levels
    static constexpr double furthest =
        18.75; // from the centre: some 400 usual ranges; what is beyond is taken for that
    static constexpr double steps_per_level = 32; // a finest cell has nearly ten
    static constexpr std::size_t steps = 1'216;   // 1,201, in whole words
    static constexpr float slowest = 0.01F;
    static constexpr float smallest_scale = 1e-20F;
    static constexpr std::array<float, resolutions> widths{0.3F, 0.65F, 1.39F, 3.0F};

    using memory = std::array<std::array<std::uint64_t, Slots * cells / 64>, grids>;

    static std::size_t cell_of(float off, std::size_t grid) noexcept {
        float const offset = static_cast<float>(grid % Offsets) / Offsets;
        return static_cast<std::size_t>(off / widths[grid / Offsets] + offset +
                                        cells / 2); // positive: this is the floor
    }

    /// No grid has met a new cell: all rates fall, by the factor that they share.
    void decay(float rate) noexcept {
        scale_ *= 1 - rate;
        if (scale_ < smallest_scale) [[unlikely]] {
            for (float& each : rates_) {
                each *= scale_;
                each = each < smallest_scale ? smallest_scale : each;
            }
            scale_ = 1;
        }
    }

    /// Looks at all cells of a step.
    double meet(std::uint32_t step, std::size_t slot, float rate) noexcept {
        auto const off =
            static_cast<float>((static_cast<double>(step) + 0.5) / steps_per_level - furthest); // from the centre
        float const least = 0.5F / static_cast<float>(count_);
        float sum = 0;
        for (std::size_t g = 0; g < grids; ++g) {
            std::size_t const cell = slot * cells + cell_of(off, g);
            std::uint64_t const bit = std::uint64_t{1} << (cell % 64);
            std::uint64_t& now = seen_[current_][g][cell / 64];
            if (((now | seen_[1 - current_][g][cell / 64]) & bit) == 0) {
                float const known = rates_[g] * scale_;
                sum -= std::log10(known > least ? known : least);
                rates_[g] += rate / (scale_ * (1 - rate)); // what is left of it after the decay is `rate`
            }
            now |= bit;
        }
        decay(rate);
        return sum / grids;
    }

    std::array<memory, 2> seen_{};
    std::array<std::array<std::uint64_t, steps / 64>, Slots> known_{};
    std::array<float, grids> rates_ = [] {
        std::array<float, grids> all{};
        all.fill(1);
        return all;
    }();
    float scale_ = 1; // of all rates
    std::uint32_t current_ = 0;
    std::uint64_t count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
