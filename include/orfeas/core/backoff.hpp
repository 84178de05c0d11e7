// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace orfeas::inline v0 {

/// How long to wait between attempts: the wait doubles from `first` to `most`, and each is drawn at random between half
/// of that and all of it, so that clients that lost a server together do not come back together.
/// Thread-compatible (distinct objects).
class backoff {
  public:
    /// `first` and `most` are more than zero. Equal seeds give equal waits.
    backoff(std::chrono::nanoseconds first, std::chrono::nanoseconds most, std::uint64_t seed) noexcept
        : first_{first}, most_{std::max(first, most)}, step_{first}, state_{seed} {}

    /// The wait before the next attempt.
    std::chrono::nanoseconds next() noexcept {
        auto const half = step_ / 2;
        state_ += 0x9e3779b97f4a7c15U;
        auto const drawn = static_cast<double>(mix64(state_) >> 11) * 0x1p-53; // in [0, 1)
        auto const wait =
            step_ - half +
            std::chrono::nanoseconds{static_cast<std::int64_t>(drawn * static_cast<double>(half.count()))};
        step_ = step_ > most_ / 2 ? most_ : step_ * 2;
        return wait;
    }

    /// After a success the next wait is the first one again.
    void reset() noexcept { step_ = first_; }

  private:
    std::chrono::nanoseconds first_;
    std::chrono::nanoseconds most_;
    std::chrono::nanoseconds step_;
    std::uint64_t state_; // of SplitMix64
};

} // namespace orfeas::inline v0
