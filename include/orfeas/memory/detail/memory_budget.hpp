// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// What a pool may take from its backend, and has taken.
struct memory_budget {
    std::uint64_t limit_bytes = 0;
    std::uint64_t reserved_bytes = 0;

    std::uint64_t available_bytes() const noexcept { return limit_bytes - reserved_bytes; }
};

} // namespace orfeas::inline v0::memory::detail
