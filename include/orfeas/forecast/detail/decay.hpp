// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <cmath>

namespace orfeas::inline v0::forecast::detail {

/// What remains of a weight after some seconds, by its half-life. Remembers the last answer: most streams are regular.
/// Thread-compatible (distinct objects).
class decay {
  public:
    explicit decay(double half_life) noexcept : half_life_{half_life} {}

    double half_life() const noexcept { return half_life_; }

    double after(double seconds) noexcept {
        if (seconds != seconds_) {
            seconds_ = seconds;
            factor_ = std::exp2(-seconds / half_life_);
        }
        return factor_;
    }

    static void state(auto& self, auto&& io) { io(self.seconds_, self.factor_); }
    bool valid() const noexcept { return is_finite(seconds_) && factor_ >= 0 && factor_ <= 1; }

  private:
    double half_life_;
    double seconds_ = 0;
    double factor_ = 1;
};

} // namespace orfeas::inline v0::forecast::detail
