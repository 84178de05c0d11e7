// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/host_vmm.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// How `best_device` chooses. Prefix ORFEAS_DEVICE_.
struct best_device_options {
    bool cuda = true;                          ///< false: host memory, whatever the machine has
    int cuda_ordinal = -1;                     ///< the device to take; -1: the first that works, if one does
    std::string cuda_library = "libcuda.so.1"; ///< the driver's file
    std::uint64_t host_capacity_bytes = 0;     ///< of host memory; 0: a quarter of what the process may use

    static constexpr std::string_view environment_prefix = "ORFEAS_DEVICE_";

    static void fields(auto& self, auto&& field) {
        field("cuda", self.cuda, any_value{}, "use a CUDA device if there is one");
        field("cuda_ordinal", self.cuda_ordinal, in_range(-1, 1023), "CUDA device to take; -1: the first that works");
        field("cuda_library", self.cuda_library, any_value{}, "file name of the CUDA driver");
        field("host_capacity_bytes", self.host_capacity_bytes, any_value{},
              "capacity of host memory; 0: a quarter of what the process may use");
    }
};
static_assert(options<best_device_options>);

/// What there is of CUDA on this machine.
struct cuda_probe {
    int devices = 0; ///< visible to the process
    int driver_version =
        0;                ///< 1000 * major + 10 * minor, of the CUDA version that the driver speaks; 0 without a driver
    std::string reason{}; ///< why no device can be used; empty when there is one
};

/// Looks for CUDA devices. Opens the driver, but no device. Never throws for what is missing.
inline cuda_probe probe_cuda(std::shared_ptr<cuda_driver const> const& driver) {
    cuda_probe found;
    try {
        driver->check(driver->init(0), "cuInit", "this machine");
        driver->check(driver->driver_get_version(&found.driver_version), "cuDriverGetVersion", "this machine");
        driver->check(driver->device_get_count(&found.devices), "cuDeviceGetCount", "this machine");
        if (found.devices == 0) {
            found.reason = "no CUDA device is visible: see nvidia-smi and CUDA_VISIBLE_DEVICES";
        }
    } catch (backend_error const& e) {
        found.reason = e.what();
    }
    return found;
}

/// As above, with the machine's own driver.
inline cuda_probe probe_cuda(std::string const& library = "libcuda.so.1") {
    try {
        return probe_cuda(cuda_driver::open(library));
    } catch (backend_error const& e) {
        return {.reason = e.what()};
    }
}

namespace detail {

/// The first device that opens and answers.
inline std::optional<device> first_cuda_device(std::shared_ptr<cuda_driver const> const& driver) {
    auto const count = probe_cuda(driver).devices;
    for (int ordinal = 0; ordinal < count; ++ordinal) {
        try {
            cuda_vmm candidate{ordinal, driver};
            static_cast<void>(candidate.info());
            return candidate;
        } catch (backend_error const&) { // a device that is broken or held by another process: try the next
        }
    }
    return std::nullopt;
}

} // namespace detail

/// The memory to work in: a CUDA device if one works, else host memory with a configured capacity. Needs no CUDA header
/// and no link to CUDA. `probe_cuda().reason` says why there is none.
/// Throws option_error for options out of range, and backend_error only when `cuda_ordinal` names a device that cannot
/// be used.
inline device best_device(best_device_options const& options = {}) {
    validate(options);
    if (options.cuda && options.cuda_ordinal >= 0) {
        return cuda_vmm{options.cuda_ordinal, cuda_driver::open(options.cuda_library)};
    }
    if (options.cuda) {
        try {
            if (auto found = detail::first_cuda_device(cuda_driver::open(options.cuda_library))) {
                return *found;
            }
        } catch (backend_error const&) { // no driver
        }
    }
    return host_vmm{options.host_capacity_bytes == 0 ? default_host_capacity() : options.host_capacity_bytes};
}

} // namespace orfeas::inline v0::memory
