// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/pool_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// The pressure level with hysteresis: it rises above a mark, and falls only when the level is clearly below it, so that
/// work at a mark does not make it flicker. Thread-compatible (distinct objects).
class pressure_gauge {
  public:
    pressure_gauge(pool_options const& options, std::uint64_t total_bytes) noexcept {
        std::array const marks{options.medium_mark, options.high_mark, options.critical_mark};
        auto const total = static_cast<double>(total_bytes);
        for (std::size_t i = 0; i < marks.size(); ++i) {
            auto const lower = marks[i] - options.pressure_hysteresis;
            rise_above_[i] = static_cast<std::uint64_t>(marks[i] * total);
            fall_below_[i] = static_cast<std::uint64_t>((lower < 0 ? 0 : lower) * total);
        }
    }

    /// Notes what is allocated now. Constant time.
    void observe(std::uint64_t allocated_bytes) noexcept {
        while (level_ < 3 && allocated_bytes > rise_above_[level_]) {
            ++level_;
        }
        while (level_ > 0 && allocated_bytes <= fall_below_[level_ - 1]) {
            --level_;
        }
    }

    memory_pressure level() const noexcept { return static_cast<memory_pressure>(level_); }

  private:
    std::size_t level_ = 0;
    std::array<std::uint64_t, 3> rise_above_{};
    std::array<std::uint64_t, 3> fall_below_{};
};

} // namespace orfeas::inline v0::memory::detail
