// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>

#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::memory {

/// How near memory is to its end.
enum class memory_pressure : std::uint8_t { low, medium, high, critical };

constexpr std::string_view to_string(memory_pressure pressure) noexcept {
    switch (pressure) {
    case memory_pressure::low:
        return "low";
    case memory_pressure::medium:
        return "medium";
    case memory_pressure::high:
        return "high";
    case memory_pressure::critical:
        return "critical";
    }
    return "critical";
}

/// What a resource holds at one moment. All members are taken together: they are consistent with each other.
struct memory_profile {
    std::uint64_t total_bytes = 0;        ///< what may be handed out at most
    std::uint64_t allocated_bytes = 0;    ///< handed out now, rounded up to whole units
    std::uint64_t reserved_bytes = 0;     ///< taken from the backend: allocated, and kept for later
    std::uint64_t free_bytes = 0;         ///< total_bytes - allocated_bytes
    std::uint64_t largest_free_bytes = 0; ///< the largest request that reserved memory can serve
    std::uint64_t requested_bytes = 0;    ///< of the live allocations, before they were rounded up
    std::uint64_t stranded_bytes = 0;     ///< free, but in pieces with something in use: cannot be moved or given back
    std::uint64_t pending_bytes = 0;      ///< freed on streams whose work is not known to be done
    std::uint64_t peak_allocated_bytes = 0; ///< the most that was ever handed out at once
    std::uint64_t allocations = 0;          ///< live allocations
    double fragmentation_ratio = 0;         ///< 1 - largest_free / (reserved - allocated); 0 when nothing is kept
    double stranded_ratio = 0;              ///< stranded_bytes / reserved_bytes: what remapping cannot recover
    double rounding_ratio = 0;              ///< 1 - requested_bytes / allocated_bytes: lost inside allocations
    double utilization_ratio = 0;           ///< allocated_bytes / total_bytes
    memory_pressure pressure = memory_pressure::low; ///< utilization_ratio against the marks, with hysteresis
    wall_time time{};                                ///< when

    static void fields(auto& self, auto&& field) {
        field("total_bytes", self.total_bytes, unit::bytes, "memory that may be handed out at most");
        field("allocated_bytes", self.allocated_bytes, unit::bytes, "memory handed out");
        field("reserved_bytes", self.reserved_bytes, unit::bytes, "memory taken from the backend");
        field("free_bytes", self.free_bytes, unit::bytes, "memory that may still be handed out");
        field("largest_free_bytes", self.largest_free_bytes, unit::bytes, "largest free extent in reserved memory");
        field("requested_bytes", self.requested_bytes, unit::bytes, "memory asked for by live allocations");
        field("stranded_bytes", self.stranded_bytes, unit::bytes, "free memory in pieces that are partly in use");
        field("pending_bytes", self.pending_bytes, unit::bytes, "freed memory whose streams may still use it");
        field("peak_allocated_bytes", self.peak_allocated_bytes, unit::bytes, "most memory ever handed out at once");
        field("allocations", self.allocations, unit::none, "live allocations");
        field("fragmentation_ratio", self.fragmentation_ratio, unit::ratio,
              "share of reserved free memory outside the largest free extent");
        field("stranded_ratio", self.stranded_ratio, unit::ratio,
              "share of reserved memory that remapping cannot recover");
        field("rounding_ratio", self.rounding_ratio, unit::ratio, "share of allocated memory lost to rounding up");
        field("utilization_ratio", self.utilization_ratio, unit::ratio, "allocated share of total");
        field("pressure", self.pressure, unit::none, "low, medium, high or critical");
        field("time", self.time, unit::seconds, "when the profile was taken");
    }
};

} // namespace orfeas::inline v0::memory
