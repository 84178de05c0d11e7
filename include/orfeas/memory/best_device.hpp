// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/host_vmm.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// Device `ordinal`, if it opens and answers: one that is broken or held by another process does not.
inline std::optional<cuda_vmm> open_cuda_device(std::shared_ptr<cuda_driver const> const& driver, int ordinal,
                                                std::vector<int> const& peers = {}) {
    try {
        cuda_vmm opened{ordinal, driver, peers};
        static_cast<void>(opened.info());
        return opened;
    } catch (backend_error const&) {
        return std::nullopt;
    }
}

/// The first device that opens and answers.
inline std::optional<device> first_cuda_device(std::shared_ptr<cuda_driver const> const& driver) {
    auto const count = probe_cuda(driver).devices;
    for (int ordinal = 0; ordinal < count; ++ordinal) {
        if (auto found = open_cuda_device(driver, ordinal)) {
            return *found;
        }
    }
    return std::nullopt;
}

inline bool is_reachable(cuda_vmm const& memory, cuda_vmm const& from) noexcept {
    try {
        return memory != from && memory.reachable_from(from.ordinal());
    } catch (std::exception const&) { // what cannot be asked about is not used
        return false;
    }
}

/// All devices that open and answer, those of them as peers of each that can reach its memory.
inline std::vector<device> all_cuda_devices(std::shared_ptr<cuda_driver const> const& driver) {
    auto const count = probe_cuda(driver).devices;
    std::vector<cuda_vmm> alone; // kept until the end: opening a device for the first time takes the driver long
    for (int ordinal = 0; ordinal < count; ++ordinal) {
        if (auto found = open_cuda_device(driver, ordinal)) {
            alone.push_back(*found);
        }
    }
    std::vector<device> all;
    for (auto const& each : alone) {
        std::vector<int> peers;
        for (auto const& other : alone) {
            if (is_reachable(each, other)) {
                peers.push_back(other.ordinal());
            }
        }
        auto with_peers = peers.empty() ? std::nullopt : open_cuda_device(driver, each.ordinal(), peers);
        all.emplace_back(with_peers ? *with_peers : each);
    }
    return all;
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

/// Every CUDA device that works, in the order of their ordinals, for a pool each. What a pool maps on one may be read and
/// written by kernels of the others that can reach it; plain segments, exportable ones among them, may not. Only the device that
/// `cuda_ordinal` names, if it names one. Empty when there is none, and when `cuda` is false.
/// Throws as `best_device` does.
inline std::vector<device> all_devices(best_device_options const& options = {}) {
    validate(options);
    if (!options.cuda) {
        return {};
    }
    if (options.cuda_ordinal >= 0) {
        return {best_device(options)};
    }
    try {
        return detail::all_cuda_devices(cuda_driver::open(options.cuda_library));
    } catch (backend_error const&) { // no driver
        return {};
    }
}

} // namespace orfeas::inline v0::memory
