// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// Configures a null device. Prefix ORFEAS_NULL_DEVICE_.
struct null_vmm_options {
    std::uint64_t capacity_bytes = 80_GiB; ///< of plain memory and created physical memory together
    std::uint64_t granule_bytes = 2_MiB;   ///< 0: a device without virtual memory management
    bool checking = true;                  ///< hold every call against the contract; false: only count
    bool manual_streams = false;           ///< fences pass only when `complete` was called

    static constexpr std::string_view environment_prefix = "ORFEAS_NULL_DEVICE_";

    static void fields(auto& self, auto&& field) {
        field("capacity_bytes", self.capacity_bytes, any_value{}, "memory of the device");
        field("granule_bytes", self.granule_bytes, in_range(std::uint64_t{0}, 1_GiB),
              "granule of virtual memory management, a power of two; 0: none");
        field("checking", self.checking, any_value{}, "hold every call against the contract");
        field("manual_streams", self.manual_streams, any_value{}, "fences pass only when the program says so");
    }

    void check() const {
        if ((granule_bytes & (granule_bytes - 1)) != 0) {
            throw option_error{"granule_bytes", std::to_string(granule_bytes), "a power of two, or 0"};
        }
    }
};
static_assert(options<null_vmm_options>);

/// The calls of a null device that are counted, cost time and can be made to fail (`forget` never fails).
enum class null_call : std::uint8_t {
    allocate,
    deallocate,
    info,
    copy_in,
    copy_out,
    reserve_addresses,
    release_addresses,
    create,
    destroy,
    map,
    allow_access,
    unmap,
    record,
    passed,
    make_wait,
    wait,
    forget,
};

constexpr std::string_view to_string(null_call call) noexcept {
    constexpr std::array<std::string_view, 17> names{"allocate",
                                                     "deallocate",
                                                     "info",
                                                     "copy_in",
                                                     "copy_out",
                                                     "reserve_addresses",
                                                     "release_addresses",
                                                     "create",
                                                     "destroy",
                                                     "map",
                                                     "allow_access",
                                                     "unmap",
                                                     "record",
                                                     "passed",
                                                     "make_wait",
                                                     "wait",
                                                     "forget"};
    return names[static_cast<std::size_t>(call)];
}

/// What a null device has given out and not got back.
struct null_vmm_usage {
    std::uint64_t allocations = 0; ///< plain
    std::uint64_t reservations = 0;
    std::uint64_t handles = 0; ///< pieces of physical memory
    std::uint64_t mappings = 0;
    std::uint64_t fences = 0;

    std::uint64_t used_bytes = 0; ///< of the capacity: plain and physical
    std::uint64_t peak_used_bytes = 0;
    std::uint64_t reserved_bytes = 0; ///< addresses
    std::uint64_t mapped_bytes = 0;

    friend bool operator==(null_vmm_usage const&, null_vmm_usage const&) = default;
};

} // namespace orfeas::inline v0::memory
