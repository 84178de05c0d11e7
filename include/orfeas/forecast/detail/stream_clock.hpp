// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace orfeas::inline v0::forecast::detail {

/// Values beyond this, in either direction, are taken for no values: their squares would leave the range of a double.
inline constexpr double largest_value = 1e100;

constexpr bool is_usable(double value) noexcept {
    return is_finite(value) && value <= largest_value && value >= -largest_value;
}

/// The time of a stream in seconds from its first value, out of the caller's, which may stand still or be set back.
/// Thread-compatible (distinct objects).
class stream_clock {
  public:
    /// Seconds since the last value that was admitted, 0 for the first. Nothing for a value that is not usable, and for a time
    /// that is not after the last one; after `patience` such times on end the clock is taken to have been set back, and the
    /// stream goes on from there.
    std::optional<double> admit(std::chrono::nanoseconds time, double value) noexcept {
        if (!is_usable(value)) {
            return std::nullopt;
        }
        if (!has_last_) {
            has_last_ = true;
            last_ = time;
            return 0.0;
        }
        if (time <= last_) {
            refuse(time);
            return std::nullopt;
        }
        refused_ = 0;
        double const passed = (static_cast<double>(time.count()) - static_cast<double>(last_.count())) * 1e-9;
        last_ = time;
        seconds_ += passed;
        return passed;
    }

    double seconds() const noexcept { return seconds_; } ///< of the last value

    static void state(auto& self, auto&& io) { io(self.last_, self.has_last_, self.seconds_, self.refused_); }
    bool valid() const noexcept { return is_finite(seconds_) && seconds_ >= 0; }

  private:
    static constexpr std::uint32_t patience = 8;

    void refuse(std::chrono::nanoseconds time) noexcept {
        if (++refused_ >= patience) {
            refused_ = 0;
            last_ = time;
        }
    }

    std::chrono::nanoseconds last_{};
    bool has_last_ = false;
    double seconds_ = 0;
    std::uint32_t refused_ = 0;
};

} // namespace orfeas::inline v0::forecast::detail
