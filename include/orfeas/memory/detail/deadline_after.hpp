// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace orfeas::inline v0::memory::detail {

/// When a timeout that begins now is over; one that is too long to be counted never is.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::nanoseconds timeout) noexcept {
    using point = std::chrono::steady_clock::time_point;
    auto const now = std::chrono::steady_clock::now();
    return timeout > point::max() - now ? point::max() : now + timeout;
}

} // namespace orfeas::inline v0::memory::detail
