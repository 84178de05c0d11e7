// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/tick_counter.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <utility>

namespace orfeas::inline v0::trace::detail {

/// What spans are stamped with, and how that becomes time. With the system's clock a stamp is a reading of the processor's
/// counter, half as dear as that clock; its rate is measured against the clock, anew each second, so that no start-up
/// waits for it. Where the counter is not to be trusted, and with any other clock, a stamp is a reading of the clock.
///
/// `counts_ticks` and `stamp` are thread-safe; the others are called by one thread at a time.
template<clock Clock>
class timeline {
  public:
    explicit timeline(Clock clock)
        : clock_{std::move(clock)}, counting_{can_count && tick_counter::is_steady()}, base_{read()}, latest_{base_} {
        if (counts_ticks()) {
            find_first_rate();
        }
    }

    /// Whether new stamps are readings of the counter.
    bool counts_ticks() const noexcept { return counting_.load(std::memory_order_relaxed); }

    /// A reading of the clock, in nanoseconds.
    std::int64_t clock_stamp() const noexcept { return nanoseconds_of(clock_.now()); }

    monotonic_time now() const noexcept { return clock_.now(); }

    /// Looks at the clock again when the last look is too old for the stamps that follow.
    void update() noexcept {
        if constexpr (can_count) {
            if (tick_counter::read() - latest_.ticks >= patience_) {
                compare(read());
            }
        } else {
            latest_ = read();
        }
    }

    /// Nanoseconds between neighbouring stamps.
    double stamp_ns(bool are_ticks) const noexcept { return are_ticks ? rate_ : 1; }

    monotonic_time time_of(std::int64_t stamp, bool is_ticks) const noexcept {
        return latest_.now + std::chrono::nanoseconds{since_latest(stamp, is_ticks)};
    }
    wall_time wall_time_of(std::int64_t stamp, bool is_ticks) const noexcept {
        return latest_.wall +
               std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds{since_latest(stamp, is_ticks)});
    }

  private:
    static constexpr bool can_count = std::same_as<Clock, steady_clock>;
    static constexpr std::int64_t first_window_ns = 10'000;
    static constexpr std::int64_t longest_window_ns = 1'000'000'000;
    static constexpr double largest_change = 1e-3; // NTP slews by at most 500 ppm

    /// The counter and the clocks at one moment.
    struct reading {
        std::uint64_t ticks = 0;
        monotonic_time now;
        wall_time wall;
    };

    static std::int64_t nanoseconds_of(monotonic_time t) noexcept {
        return std::chrono::nanoseconds{t.time_since_epoch()}.count();
    }

    reading read() const noexcept {
        std::uint64_t const before = can_count ? tick_counter::read() : 0;
        reading at{0, clock_.now(), {}};
        at.ticks = can_count ? before + (tick_counter::read() - before) / 2 : 0;
        at.wall = clock_.wall_now();
        return at;
    }

    std::int64_t since_latest(std::int64_t stamp, bool is_ticks) const noexcept {
        return is_ticks ? static_cast<std::int64_t>(
                              static_cast<double>(stamp - static_cast<std::int64_t>(latest_.ticks)) * rate_)
                        : stamp - nanoseconds_of(latest_.now);
    }

    /// A first rate, good to some tenths of a per cent.
    void find_first_rate() noexcept {
        do {
            latest_ = read();
        } while (nanoseconds_of(latest_.now) - nanoseconds_of(base_.now) < first_window_ns);
        patience_ = latest_.ticks - base_.ticks;
        rate_ = rate_between(base_, latest_);
    }

    static double rate_between(reading const& a, reading const& b) noexcept {
        return static_cast<double>(nanoseconds_of(b.now) - nanoseconds_of(a.now)) /
               static_cast<double>(b.ticks - a.ticks);
    }

    /// Corrects the rate by a later reading.
    void compare(reading const& at) noexcept {
        double const rate = rate_between(base_, at);
        if (is_settled_ && (rate > rate_ * (1 + largest_change) || rate < rate_ * (1 - largest_change))) {
            counting_.store(false, std::memory_order_relaxed); // the counter jumped, as when a machine was moved
        } else {
            rate_ = rate;
        }
        if (nanoseconds_of(at.now) - nanoseconds_of(base_.now) >= longest_window_ns) {
            base_ = latest_;
            is_settled_ = true;
        } else {
            patience_ *= 2;
        }
        latest_ = at;
    }

    Clock const clock_;
    std::atomic<bool> counting_;
    reading base_;               ///< where the rate is measured from
    reading latest_;             ///< what stamps are compared with
    double rate_ = 1;            ///< nanoseconds a tick
    std::uint64_t patience_ = 0; ///< ticks after which the clock is looked at again
    bool is_settled_ = false;    ///< the rate comes from a whole window
};

} // namespace orfeas::inline v0::trace::detail
