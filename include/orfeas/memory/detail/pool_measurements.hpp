// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/memory_profile.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::memory::detail {

/// What a pool has done so far.
struct pool_counters {
    std::uint64_t allocations = 0;
    std::uint64_t failed_allocations = 0;
    std::uint64_t cleanups = 0;
    std::uint64_t failed_cleanups = 0;
    std::uint64_t moved_pieces = 0;
};

/// Reports a pool's figures under the names of the field.
inline void measure_pool(measurement_sink sink, memory_profile const& p, pool_counters const& count,
                         std::size_t waiting_requests, bool device_lost) {
    auto const gauge = [&sink](std::string_view name, unit u, double value, std::string_view help) {
        sink({.name = name, .kind = measurement_kind::gauge, .unit = u, .value = value, .help = help});
    };
    auto const bytes = [&gauge](std::string_view name, std::uint64_t value, std::string_view help) {
        gauge(name, unit::bytes, static_cast<double>(value), help);
    };
    bytes("memory_total_bytes", p.total_bytes, "memory that may be handed out at most");
    bytes("memory_reserved_bytes", p.reserved_bytes, "memory taken from the backend");
    bytes("memory_allocated_bytes", p.allocated_bytes, "memory handed out");
    bytes("memory_free_bytes", p.free_bytes, "memory that may still be handed out");
    bytes("memory_largest_free_bytes", p.largest_free_bytes, "largest free extent in reserved memory");
    bytes("memory_requested_bytes", p.requested_bytes, "memory asked for by live allocations");
    bytes("memory_stranded_bytes", p.stranded_bytes, "free memory in pieces that are partly in use");
    bytes("memory_pending_bytes", p.pending_bytes, "freed memory whose streams may still use it");
    gauge("memory_fragmentation_ratio", unit::ratio, p.fragmentation_ratio,
          "share of reserved free memory outside the largest free extent");
    gauge("memory_stranded_ratio", unit::ratio, p.stranded_ratio,
          "share of reserved memory that remapping cannot recover");
    gauge("memory_pressure", unit::none, static_cast<double>(p.pressure), "0 low, 1 medium, 2 high, 3 critical");
    gauge("memory_waiting_requests", unit::none, static_cast<double>(waiting_requests),
          "requests that wait for memory");
    gauge("memory_device_lost", unit::none, device_lost ? 1.0 : 0.0, "1 once the device was lost, else 0");

    auto const counter = [&sink](std::string_view name, std::uint64_t value, std::string_view help) {
        sink({.name = name,
              .kind = measurement_kind::counter,
              .unit = unit::none,
              .value = static_cast<double>(value),
              .help = help});
    };
    counter("memory_allocations_total", count.allocations, "allocations served");
    counter("memory_failed_allocations_total", count.failed_allocations, "allocations refused");
    counter("memory_cleanups_total", count.cleanups, "cleanups asked for");
    counter("memory_failed_cleanups_total", count.failed_cleanups, "cleanups that the backend refused in part");
    counter("memory_moved_pieces_total", count.moved_pieces, "pieces of memory mapped to another address");
}

} // namespace orfeas::inline v0::memory::detail
