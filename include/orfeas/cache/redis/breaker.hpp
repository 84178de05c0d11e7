// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/options.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::cache::redis {

/// When a node is left alone. Prefix ORFEAS_REDIS_BREAKER_.
struct breaker_options {
    std::uint32_t consecutive_failures = 5;
    double failure_rate = 0.5;
    std::uint32_t least_calls = 20;
    std::chrono::milliseconds window{5000};
    std::chrono::milliseconds cool_down{250};

    static constexpr std::string_view environment_prefix = "ORFEAS_REDIS_BREAKER_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, std::chrono::hours{24}};
        field("consecutive_failures", self.consecutive_failures, in_range(1, 1'000'000), "in a row open the breaker");
        field("failure_rate", self.failure_rate, in_range(0.001, 1.0), "share of failures in a window that opens it");
        field("least_calls", self.least_calls, in_range(1, 1'000'000), "in a window before its rate counts");
        field("window", self.window, wait, "over which the rate is taken");
        field("cool_down", self.cool_down, wait, "from the opening to the probe, and between probes");
    }
};
static_assert(options<breaker_options>);

/// What a breaker does with calls.
enum class breaker_state : std::uint8_t {
    closed,    ///< all calls pass
    open,      ///< none does
    half_open, ///< one call passes as the probe, and decides
};

constexpr std::string_view to_string(breaker_state state) noexcept {
    switch (state) {
    case breaker_state::closed:
        return "closed";
    case breaker_state::open:
        return "open";
    case breaker_state::half_open:
        return "half_open";
    }
    return "closed";
}

/// A circuit breaker. It opens after some failures in a row, or when failures are too large a share of the calls of a
/// window (two half windows that roll). Once the cool-down is over one call is let through as a probe: its success closes
/// the breaker, its failure opens it for another cool-down. A probe that never reports back is given up after a cool-down.
/// All is O(1). Time is passed in and does not go back.
/// Thread-compatible (distinct objects).
class breaker {
  public:
    /// Throws option_error for options out of range.
    explicit breaker(breaker_options const& options = {}) : options_{options} { validate(options_); }

    /// Whether a call may go to the node now. In half_open a true answer makes that call the probe.
    bool admit(monotonic_time now) noexcept {
        if (state_ == breaker_state::closed) {
            return true;
        }
        if (now < retry_at_) {
            return false;
        }
        state_ = breaker_state::half_open;
        retry_at_ = now + options_.cool_down;
        return true;
    }

    /// Calls that the node answered.
    void succeeded(std::uint64_t calls, monotonic_time now) noexcept {
        if (calls == 0) {
            return;
        }
        consecutive_ = 0;
        if (state_ != breaker_state::closed) {
            close();
        }
        roll(now);
        halves_[0].calls += calls;
    }

    /// Calls that failed for the node's sake.
    void failed(std::uint64_t calls, monotonic_time now) noexcept {
        if (calls == 0) {
            return;
        }
        consecutive_ += calls;
        if (state_ == breaker_state::half_open) {
            return open(now);
        }
        if (state_ == breaker_state::open) { // of calls that were under way when it opened
            return;
        }
        roll(now);
        halves_[0].calls += calls;
        halves_[0].failures += calls;
        auto const all = halves_[0].calls + halves_[1].calls;
        auto const failures = halves_[0].failures + halves_[1].failures;
        bool const is_frequent = all >= options_.least_calls &&
                                 static_cast<double>(failures) >= options_.failure_rate * static_cast<double>(all);
        if (consecutive_ >= options_.consecutive_failures || is_frequent) {
            open(now);
        }
    }

    /// Closes without a probe: the node has proved in another way that it is back.
    void close() noexcept {
        state_ = breaker_state::closed;
        consecutive_ = 0;
        halves_ = {};
    }

    breaker_state state() const noexcept { return state_; }

    /// How often it went from closed to open.
    std::uint64_t openings() const noexcept { return openings_; }

  private:
    struct half_window {
        std::uint64_t calls = 0;
        std::uint64_t failures = 0;
    };

    void open(monotonic_time now) noexcept {
        openings_ += state_ == breaker_state::closed ? 1 : 0;
        state_ = breaker_state::open;
        retry_at_ = now + options_.cool_down;
    }

    void roll(monotonic_time now) noexcept {
        auto const half = std::chrono::nanoseconds{options_.window} / 2;
        if (now < began_ + half) {
            return;
        }
        halves_[1] = now < began_ + 2 * half ? halves_[0] : half_window{};
        halves_[0] = {};
        began_ = now;
    }

    breaker_options options_;
    breaker_state state_ = breaker_state::closed;
    std::uint64_t consecutive_ = 0;
    std::uint64_t openings_ = 0;
    std::array<half_window, 2> halves_{}; // the present one and the one before it
    monotonic_time began_{};
    monotonic_time retry_at_{};
};

} // namespace orfeas::inline v0::cache::redis
