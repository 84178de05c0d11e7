// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/forecast/detail/decay.hpp>

#include <algorithm>
#include <cstdint>

namespace orfeas::inline v0::forecast::detail {

/// Holt's linear method with rates by elapsed time: what of level and slope was learned from the past counts half after each
/// half-life. Thread-compatible (distinct objects).
class decayed_holt {
  public:
    explicit decayed_holt(double half_life) noexcept : decay_{half_life} {}

    /// Takes in a value, `passed` seconds after the one before.
    void add(double passed, double value) noexcept {
        if (count_ == 0 || passed <= 0) {
            level_ = value;
            count_ = std::max(count_, 1U);
            return;
        }
        double const rate = 1 - decay_.after(passed);
        double const expected = level_ + slope_ * passed;
        double const next = expected + std::max(rate, 1.0 / count_) * (value - expected);
        if (count_ >= settling) { // the first slopes are those of single values
            slope_ += rate * ((next - level_) / passed - slope_);
        } else {
            ++count_;
        }
        level_ = next;
    }

    double level() const noexcept { return level_; }
    double slope() const noexcept { return slope_; }

    static void state(auto& self, auto&& io) { io(self.decay_, self.level_, self.slope_, self.count_); }
    bool valid() const noexcept { return decay_.valid() && is_finite(level_ + slope_) && count_ <= settling; }

  private:
    static constexpr std::uint32_t settling = 30;

    decay decay_;
    double level_ = 0;
    double slope_ = 0;
    std::uint32_t count_ = 0;
};

} // namespace orfeas::inline v0::forecast::detail
