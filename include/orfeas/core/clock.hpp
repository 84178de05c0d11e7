// SPDX-License-Identifier: MIT
#pragma once

#include <time.h>

#include <chrono>
#include <concepts>

namespace orfeas::inline v0 {

/// A point on a clock that never steps back; for durations, deadlines and ages.
using monotonic_time = std::chrono::steady_clock::time_point;

/// A point of civil time (UTC); for timestamps that leave the process.
using wall_time = std::chrono::system_clock::time_point;

/// Where time comes from: a copyable value, so that a test can hand in one that it moves by hand.
/// `now()` never decreases. `wall_now()` may step when the administrator or NTP sets the clock.
template<class C>
concept clock = std::copyable<C> && requires(C const& c) {
    { c.now() } noexcept -> std::same_as<monotonic_time>;
    { c.wall_now() } noexcept -> std::same_as<wall_time>;
};

/// The system's monotonic clock at full resolution, about 20 ns a reading.
/// Thread-safe.
struct steady_clock {
    monotonic_time now() const noexcept { return std::chrono::steady_clock::now(); }
    wall_time wall_now() const noexcept { return std::chrono::system_clock::now(); }
};
static_assert(clock<steady_clock>);

/// The system's monotonic clock at the resolution of the kernel's tick (1 to 4 ms), about 5 ns a reading.
/// Shares its origin with `steady_clock`.
/// Thread-safe.
struct coarse_clock {
    monotonic_time now() const noexcept { return monotonic_time{read(CLOCK_MONOTONIC_COARSE)}; }
    wall_time wall_now() const noexcept {
        return wall_time{std::chrono::duration_cast<wall_time::duration>(read(CLOCK_REALTIME_COARSE))};
    }

  private:
    static std::chrono::nanoseconds read(clockid_t id) noexcept {
        timespec t{};
        ::clock_gettime(id, &t); // cannot fail: both clocks exist on every Linux since 2.6.32
        return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
    }
};
static_assert(clock<coarse_clock>);

/// Seconds since the Unix epoch, with microsecond precision: the form that JSON frames carry.
inline double unix_seconds(wall_time t) noexcept {
    return std::chrono::duration<double>{t.time_since_epoch()}.count();
}

} // namespace orfeas::inline v0
