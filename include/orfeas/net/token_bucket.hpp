// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <chrono>

namespace orfeas::inline v0::net {

/// Limits a rate: holds up to `burst` tokens and gains `per_second` of them each second; each event takes one.
/// Starts full. Thread-compatible (distinct objects).
class token_bucket {
  public:
    token_bucket(double per_second, double burst, monotonic_time now) noexcept
        : per_second_{per_second}, burst_{burst}, tokens_{burst}, filled_{now} {}

    /// Takes one token; false when there is none, and then nothing is taken.
    bool take(monotonic_time now) noexcept {
        auto const passed = std::chrono::duration<double>{std::max(now, filled_) - filled_}.count();
        tokens_ = std::min(burst_, tokens_ + passed * per_second_);
        filled_ = std::max(now, filled_);
        if (tokens_ < 1.0) {
            return false;
        }
        tokens_ -= 1.0;
        return true;
    }

  private:
    double per_second_;
    double burst_;
    double tokens_;
    monotonic_time filled_;
};

} // namespace orfeas::inline v0::net
