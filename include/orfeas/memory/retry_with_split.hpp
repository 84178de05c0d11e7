// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/out_of_memory.hpp>

#include <cstdint>

namespace orfeas::inline v0::memory {

/// Thrown when the memory for a request did not come within its time, but half of it would have been there: do the work in
/// parts, one after the other, each with at most `available_bytes()`.
/// Thread-compatible (distinct objects).
class retry_with_split : public out_of_memory {
  public:
    explicit retry_with_split(out_of_memory const& refused) noexcept : out_of_memory{refused} {
        append(". Half of it would fit: split the work");
    }

    /// What one request could have got at that moment. Others may be faster.
    std::uint64_t available_bytes() const noexcept { return report().available_bytes; }
};

namespace detail {

/// The last attempt of a request that has waited: `ask()` allocates or throws out_of_memory.
template<class Ask>
void* allocate_or_split(Ask const& ask) {
    try {
        return ask();
    } catch (out_of_memory const& refused) {
        auto const& report = refused.report();
        auto const half = report.requested_bytes - report.requested_bytes / 2;
        if (report.available_bytes >= half && report.available_bytes < report.requested_bytes) {
            throw retry_with_split{refused};
        }
        throw;
    }
}

} // namespace detail

} // namespace orfeas::inline v0::memory
