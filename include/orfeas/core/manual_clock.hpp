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
    explicit manual_clock(wall_time wall) : wall_origin_{wall}, told_{std::make_shared<told>()} {}

    monotonic_time now() const noexcept { return monotonic_time{std::chrono::hours{1} + elapsed()}; }
    wall_time wall_now() const noexcept {
        std::chrono::nanoseconds const set_by{told_->set_by.load(std::memory_order_acquire)};
        return wall_origin_ + std::chrono::duration_cast<wall_time::duration>(elapsed() + set_by);
    }

    /// Moves the time of this clock and of all its copies forward.
    void advance(std::chrono::nanoseconds by) noexcept {
        told_->elapsed.fetch_add(by.count(), std::memory_order_acq_rel);
    }

    /// Sets the civil time of this clock and of all its copies forward or back, as an administrator does: no time passes.
    void set_wall_by(std::chrono::nanoseconds by) noexcept {
        told_->set_by.fetch_add(by.count(), std::memory_order_acq_rel);
    }

  private:
    struct told { // in nanoseconds
        std::atomic<std::int64_t> elapsed{0};
        std::atomic<std::int64_t> set_by{0};
    };

    std::chrono::nanoseconds elapsed() const noexcept {
        return std::chrono::nanoseconds{told_->elapsed.load(std::memory_order_acquire)};
    }

    wall_time wall_origin_;
    std::shared_ptr<told> told_;
};
static_assert(clock<manual_clock>);

} // namespace orfeas::inline v0
