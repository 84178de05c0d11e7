// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace orfeas::inline v0::memory {

/// The memory of a CUDA device as its driver tells it, whoever uses it: all processes, and kernels' own needs.
struct cuda_memory_profile {
    std::string device = "none"; ///< its name; "none" and zeros where there is no device
    std::uint64_t total_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t free_bytes = 0;
    std::string reason{}; ///< why there is none; empty when there is one

    static void fields(auto& self, auto&& field) {
        field("device", self.device, unit::none, "name of the device, or none");
        field("total_bytes", self.total_bytes, unit::bytes, "memory of the device");
        field("used_bytes", self.used_bytes, unit::bytes, "used by all processes");
        field("free_bytes", self.free_bytes, unit::bytes, "used by nobody");
        field("reason", self.reason, unit::none, "why there is no device");
    }
};

/// Asks the driver for device `ordinal`, whose primary context it retains for the call: a slow one where nobody else does.
/// What is missing or refused is told by `reason`; throws std::bad_alloc only.
inline cuda_memory_profile cuda_profile(int ordinal, std::shared_ptr<cuda_driver const> driver) {
    try {
        cuda_vmm const device{ordinal, std::move(driver)};
        auto const found = device.info();
        return {.device = std::string{device.name()},
                .total_bytes = found.total_bytes,
                .used_bytes = found.total_bytes - found.free_bytes,
                .free_bytes = found.free_bytes};
    } catch (backend_error const& e) {
        return {.reason = e.what()};
    }
}

/// As above, with the machine's own driver.
inline cuda_memory_profile cuda_profile(int ordinal = 0, std::string const& library = "libcuda.so.1") {
    try {
        return cuda_profile(ordinal, cuda_driver::open(library));
    } catch (backend_error const& e) {
        return {.reason = e.what()};
    }
}

} // namespace orfeas::inline v0::memory
