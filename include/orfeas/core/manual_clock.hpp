// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace orfeas::inline v0 {

/// A clock that moves only when it is told to. Copies share one time.
/// Thread-safe.
class manual_clock {
  public:
    /// Starts in November 2023.
    manual_clock() : manual_clock{wall_time{std::chrono::seconds{1'700'000'000}}} {}

    /// Starts at `wall`; the monotonic reading starts at one hour, so that "a minute ago" is representable.
    explicit manual_clock(wall_time wall)
        : wall_origin_{wall}, elapsed_{std::make_shared<std::atomic<std::int64_t>>(0)} {}

    monotonic_time now() const noexcept { return monotonic_time{std::chrono::hours{1} + elapsed()}; }
    wall_time wall_now() const noexcept {
        return wall_origin_ + std::chrono::duration_cast<wall_time::duration>(elapsed());
    }

    /// Moves the time of this clock and of all its copies forward.
    void advance(std::chrono::nanoseconds by) noexcept { elapsed_->fetch_add(by.count(), std::memory_order_acq_rel); }

  private:
    std::chrono::nanoseconds elapsed() const noexcept {
        return std::chrono::nanoseconds{elapsed_->load(std::memory_order_acquire)};
    }

    wall_time wall_origin_;
    std::shared_ptr<std::atomic<std::int64_t>> elapsed_;
};
static_assert(clock<manual_clock>);

} // namespace orfeas::inline v0
