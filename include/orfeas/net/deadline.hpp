// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace orfeas::inline v0::net {

/// How long a peer may take to move a message whose size is not known to be small.
struct progress_allowance {
    std::chrono::nanoseconds stall;         ///< longest time without any progress, and the grace at the start
    std::uint64_t minimum_bytes_per_second; ///< the average that must be kept once the grace is spent
};

/// The deadline of one message that a peer sends or takes in pieces. It passes `stall` after the last progress, and in
/// any case when the average since the start has stayed below the minimum rate for longer than `stall`. So a stalled
/// peer is cut soon, one that trickles cannot hold on for long, and a large message on a fair link is never cut:
/// n bytes take at most `stall + n / minimum_bytes_per_second`. Cf. Apache mod_reqtimeout, MinRate.
/// Thread-compatible (distinct objects).
class progress_deadline {
  public:
    progress_deadline(monotonic_time start, progress_allowance allowance) noexcept
        : allowance_{allowance}, start_{start}, last_{start} {}

    /// Notes that `bytes` more have moved.
    void progress(std::uint64_t bytes, monotonic_time now) noexcept {
        moved_ += bytes;
        last_ = std::max(last_, now);
    }

    /// When the peer is to be given up unless there is more progress before.
    monotonic_time expiry() const noexcept {
        auto const rate = static_cast<double>(std::max<std::uint64_t>(1, allowance_.minimum_bytes_per_second));
        auto const credit = std::chrono::duration<double>{std::min(static_cast<double>(moved_) / rate, longest_credit)};
        auto const average = start_ + allowance_.stall + std::chrono::duration_cast<std::chrono::nanoseconds>(credit);
        return std::min(average, last_ + allowance_.stall);
    }

  private:
    static constexpr double longest_credit = 365.0 * 86'400.0; // seconds; keeps the conversion within 64 bits

    progress_allowance allowance_;
    monotonic_time start_;
    monotonic_time last_;
    std::uint64_t moved_ = 0;
};

} // namespace orfeas::inline v0::net
