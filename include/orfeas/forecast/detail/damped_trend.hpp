// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <cstdint>

namespace orfeas::inline v0::forecast::detail {

/// Holt's linear method whose trend fades: after h steps it has moved by the sum of its first h powers of `damping`.
/// Thread-compatible (distinct objects).
class damped_trend {
  public:
    static constexpr double damping = 0.9;

    constexpr damped_trend(double level_rate, double trend_rate) noexcept
        : level_rate_{level_rate}, trend_rate_{trend_rate} {}

    /// Takes in the value of the next step; `steps` have passed since the one before.
    constexpr void add(double value, std::uint64_t steps) noexcept {
        if (count_ == 0) {
            level_ = value;
            count_ = 1;
            return;
        }
        double const expected = after(steps);
        double const rate = count_ * level_rate_ < 1 ? 1.0 / (count_ + 1) : level_rate_;
        count_ += count_ < 1'000 ? 1 : 0;
        double const next = expected + rate * (value - expected);
        trend_ = damping * trend_ + trend_rate_ * rate * (value - expected);
        level_ = next;
    }

    /// What is expected that many steps on.
    constexpr double after(std::uint64_t steps) const noexcept {
        double sum = 0;
        double power = damping;
        for (std::uint64_t i = 0; i < steps && i < 64; ++i, power *= damping) { // what is left then is 1 %
            sum += power;
        }
        return level_ + sum * trend_;
    }

    static constexpr void state(auto& self, auto&& io) { io(self.level_, self.trend_, self.count_); }
    constexpr bool valid() const noexcept { return is_finite(level_) && is_finite(trend_) && count_ >= 0; }

  private:
    double level_rate_;
    double trend_rate_;
    double level_ = 0;
    double trend_ = 0;
    double count_ = 0;
};

} // namespace orfeas::inline v0::forecast::detail
