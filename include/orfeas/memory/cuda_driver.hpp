// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/dynamic_library.hpp>
#include <orfeas/memory/cuda_driver_types.hpp>
#include <orfeas/memory/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// The entry points of the CUDA driver that orfeas calls, found at run time: a program that holds this needs neither
/// CUDA's headers nor a link to libcuda, and starts on machines without a GPU. Types are those of cuda.h by size: results
/// and devices are int, device pointers and handles of physical memory 64-bit integers, all other objects opaque pointers.
///
/// Virtual memory management (CUDA 10.2) and pools (CUDA 11.2) may be missing: their entry points are then null.
///
/// A plain table, so that a test can fill it with functions of its own.
struct cuda_driver {
    using result = int;
    using device = int;
    using device_pointer = unsigned long long;
    using context = struct cuda_context_object*;
    using event = struct cuda_event_object*;
    using stream = void*; ///< as in stream_ref
    using pool = struct cuda_pool_object*;
    using physical_handle = unsigned long long;

    static constexpr result success = 0;
    static constexpr result out_of_memory = 2;
    static constexpr result not_ready = 600;
    static constexpr result capture_implicit = 906; ///< asked about the default stream while another one captures

    static constexpr int attribute_virtual_memory = 102; ///< of a device
    static constexpr int attribute_pools = 115;
    static constexpr int pool_attribute_release_threshold = 4;
    static constexpr int pool_attribute_reserved = 5;
    static constexpr int pool_attribute_used = 7;
    static constexpr unsigned host_memory_portable = 1; ///< pinned for all contexts
    static constexpr unsigned event_without_timing = 2;
    static constexpr unsigned stream_non_blocking = 1;

    result (*init)(unsigned flags) = nullptr;
    result (*driver_get_version)(int* version) = nullptr;
    result (*get_error_name)(result code, char const** name) = nullptr;
    result (*get_error_string)(result code, char const** sentence) = nullptr;
    result (*device_get_count)(int* count) = nullptr;
    result (*device_get)(device* found, int ordinal) = nullptr;
    result (*device_get_name)(char* name, int capacity, device of) = nullptr;
    result (*primary_context_retain)(context* retained, device of) = nullptr;
    result (*primary_context_release)(device of) = nullptr;
    result (*context_get_current)(context* current) = nullptr;
    result (*context_set_current)(context next) = nullptr;
    result (*context_push_current)(context next) = nullptr;
    result (*context_pop_current)(context* popped) = nullptr;
    result (*memory_get_info)(std::size_t* free, std::size_t* total) = nullptr;
    result (*memory_allocate)(device_pointer* allocated, std::size_t bytes) = nullptr;
    result (*memory_free)(device_pointer p) = nullptr;
    result (*host_allocate)(void** allocated, std::size_t bytes, unsigned flags) = nullptr;
    result (*host_free)(void* p) = nullptr;
    result (*copy_host_to_device)(device_pointer to, void const* from, std::size_t bytes) = nullptr;
    result (*copy_device_to_host)(void* to, device_pointer from, std::size_t bytes) = nullptr;
    result (*device_get_attribute)(int* value, int attribute, device of) = nullptr;
    result (*device_can_access_peer)(int* can, device of, device peer) = nullptr;
    result (*event_create)(event* created, unsigned flags) = nullptr;
    result (*event_destroy)(event e) = nullptr;
    result (*event_record)(event e, stream on) = nullptr;
    result (*event_query)(event e) = nullptr;
    result (*event_synchronize)(event e) = nullptr;
    result (*stream_wait_event)(stream later, event e, unsigned flags) = nullptr;
    result (*stream_is_capturing)(stream of, int* status) = nullptr;
    result (*stream_create)(stream* created, unsigned flags) = nullptr;
    result (*stream_destroy)(stream s) = nullptr;
    result (*stream_synchronize)(stream s) = nullptr;

    result (*get_granularity)(std::size_t* granularity, cuda_allocation_properties const* of, int option) = nullptr;
    result (*address_reserve)(device_pointer* reserved, std::size_t bytes, std::size_t alignment, device_pointer wish,
                              unsigned long long flags) = nullptr;
    result (*address_free)(device_pointer p, std::size_t bytes) = nullptr;
    result (*physical_create)(physical_handle* created, std::size_t bytes, cuda_allocation_properties const* of,
                              unsigned long long flags) = nullptr;
    result (*physical_release)(physical_handle handle) = nullptr;
    result (*memory_map)(device_pointer p, std::size_t bytes, std::size_t offset, physical_handle handle,
                         unsigned long long flags) = nullptr;
    result (*memory_set_access)(device_pointer p, std::size_t bytes, cuda_access_description const* each,
                                std::size_t count) = nullptr;
    result (*memory_unmap)(device_pointer p, std::size_t bytes) = nullptr;

    result (*device_get_default_pool)(pool* found, device of) = nullptr;
    result (*pool_create)(pool* created, cuda_pool_properties const* of) = nullptr;
    result (*pool_destroy)(pool p) = nullptr;
    result (*pool_set_attribute)(pool p, int attribute, void* value) = nullptr;
    result (*pool_get_attribute)(pool p, int attribute, void* value) = nullptr;
    result (*pool_trim_to)(pool p, std::size_t keep_bytes) = nullptr;
    result (*pool_allocate)(device_pointer* allocated, std::size_t bytes, pool from, stream on) = nullptr;
    result (*pool_free)(device_pointer p, stream on) = nullptr;

    std::optional<dynamic_library> library = std::nullopt; ///< what the table points into stays loaded

    /// Calls `visit(entry point, exported name)` for each entry point that every driver has.
    static void entry_points(auto& self, auto&& visit) {
        visit(self.init, "cuInit");
        visit(self.driver_get_version, "cuDriverGetVersion");
        visit(self.get_error_name, "cuGetErrorName");
        visit(self.get_error_string, "cuGetErrorString");
        visit(self.device_get_count, "cuDeviceGetCount");
        visit(self.device_get, "cuDeviceGet");
        visit(self.device_get_name, "cuDeviceGetName");
        visit(self.primary_context_retain, "cuDevicePrimaryCtxRetain");
        visit(self.primary_context_release, "cuDevicePrimaryCtxRelease_v2");
        visit(self.context_get_current, "cuCtxGetCurrent");
        visit(self.context_set_current, "cuCtxSetCurrent");
        visit(self.context_push_current, "cuCtxPushCurrent_v2");
        visit(self.context_pop_current, "cuCtxPopCurrent_v2");
        visit(self.memory_get_info, "cuMemGetInfo_v2");
        visit(self.memory_allocate, "cuMemAlloc_v2");
        visit(self.memory_free, "cuMemFree_v2");
        visit(self.host_allocate, "cuMemHostAlloc");
        visit(self.host_free, "cuMemFreeHost");
        visit(self.copy_host_to_device, "cuMemcpyHtoD_v2");
        visit(self.copy_device_to_host, "cuMemcpyDtoH_v2");
        visit(self.device_get_attribute, "cuDeviceGetAttribute");
        visit(self.device_can_access_peer, "cuDeviceCanAccessPeer");
        visit(self.event_create, "cuEventCreate");
        visit(self.event_destroy, "cuEventDestroy_v2");
        visit(self.event_record, "cuEventRecord");
        visit(self.event_query, "cuEventQuery");
        visit(self.event_synchronize, "cuEventSynchronize");
        visit(self.stream_wait_event, "cuStreamWaitEvent");
        visit(self.stream_is_capturing, "cuStreamIsCapturing");
        visit(self.stream_create, "cuStreamCreate");
        visit(self.stream_destroy, "cuStreamDestroy_v2");
        visit(self.stream_synchronize, "cuStreamSynchronize");
    }

    /// As above, for those of virtual memory management.
    static void virtual_memory_entry_points(auto& self, auto&& visit) {
        visit(self.get_granularity, "cuMemGetAllocationGranularity");
        visit(self.address_reserve, "cuMemAddressReserve");
        visit(self.address_free, "cuMemAddressFree");
        visit(self.physical_create, "cuMemCreate");
        visit(self.physical_release, "cuMemRelease");
        visit(self.memory_map, "cuMemMap");
        visit(self.memory_set_access, "cuMemSetAccess");
        visit(self.memory_unmap, "cuMemUnmap");
    }

    /// As above, for those of pools.
    static void pool_entry_points(auto& self, auto&& visit) {
        visit(self.device_get_default_pool, "cuDeviceGetDefaultMemPool");
        visit(self.pool_create, "cuMemPoolCreate");
        visit(self.pool_destroy, "cuMemPoolDestroy");
        visit(self.pool_set_attribute, "cuMemPoolSetAttribute");
        visit(self.pool_get_attribute, "cuMemPoolGetAttribute");
        visit(self.pool_trim_to, "cuMemPoolTrimTo");
        visit(self.pool_allocate, "cuMemAllocFromPoolAsync");
        visit(self.pool_free, "cuMemFreeAsync");
    }

    /// Whether the driver knows virtual memory management; a device may still lack it.
    bool has_virtual_memory() const noexcept {
        bool all = true;
        virtual_memory_entry_points(*this, [&all](auto entry, char const*) { all = all && entry != nullptr; });
        return all;
    }

    /// Whether the driver knows pools; a device may still lack them.
    bool has_pools() const noexcept {
        bool all = true;
        pool_entry_points(*this, [&all](auto entry, char const*) { all = all && entry != nullptr; });
        return all;
    }

    /// Opens the driver. Throws backend_error with error::unavailable when the machine has none, or one too old.
    static std::shared_ptr<cuda_driver const> open(std::string const& file_name = "libcuda.so.1") {
        auto driver = std::make_shared<cuda_driver>();
        driver->library = dynamic_library::try_open(file_name.c_str());
        if (!driver->library) {
            throw backend_error{error::unavailable, "dlopen", 0,
                                "no CUDA driver: " + file_name +
                                    " is not there or does not load; install the NVIDIA driver to use a GPU"};
        }
        auto const look = [&driver]<class Function>(Function& entry, char const* name) {
            entry = driver->library->symbol<Function>(name);
        };
        virtual_memory_entry_points(*driver, look);
        pool_entry_points(*driver, look);
        entry_points(*driver, [&](auto& entry, char const* name) {
            look(entry, name);
            if (entry != nullptr) {
                return;
            }
            throw backend_error{error::unavailable, name, 0,
                                "the CUDA driver in " + file_name + " has no " + name +
                                    "; update the NVIDIA driver to one for CUDA 11 or later"};
        });
        return driver;
    }

    /// Throws backend_error unless `code` is success. `subject` says what the call was about: "64 MiB on CUDA device 0".
    void check(result code, char const* call, std::string_view subject) const {
        if (code == success) {
            return;
        }
        char const* name = nullptr;
        char const* sentence = nullptr;
        if (get_error_name(code, &name) != success || name == nullptr) {
            name = "an error that the driver has no name for";
        }
        std::string text{call};
        text.append(" failed for ").append(subject).append(": ").append(name).append(" (");
        text.append(std::to_string(code)).append(")");
        if (get_error_string(code, &sentence) == success && sentence != nullptr) {
            text.append(", ").append(sentence);
        }
        text.append("; ").append(advice(code));
        throw backend_error{reason(code), call, code, text};
    }

  private:
    static error reason(result code) noexcept {
        switch (code) {
        case out_of_memory:
            return error::out_of_memory;
        case 3:
        case 4:
        case 35:
        case 46:
        case 100:
        case 101:
        case 801:
        case 803:
        case 804:
            return error::unavailable;
        case 214: // an error of the memory or of a link that cannot be corrected
        case 220:
        case 700: // a kernel's failure, which every later call answers with
        case 702:
        case 709:
        case 710:
        case 714:
        case 715:
        case 716:
        case 717:
        case 718:
        case 719:
            return error::device_lost;
        default:
            return error::call_failed;
        }
    }

    /// What to do about an error, by its number in cuda.h.
    static std::string_view advice(result code) noexcept {
        switch (code) {
        case out_of_memory:
            return "free device memory, or lower the pool's limit_bytes";
        case 3:
            return "call it after the driver's initialisation";
        case 4:
            return "the driver has shut down: end pools before the process exits";
        case 35:
            return "the NVIDIA driver is older than the CUDA version asks for: update it";
        case 46:
            return "another process holds the device exclusively: see nvidia-smi";
        case 100:
            return "no GPU is visible: see nvidia-smi and CUDA_VISIBLE_DEVICES";
        case 101:
            return "there is no device of this number: see nvidia-smi and CUDA_VISIBLE_DEVICES";
        case 709:
            return "the device was reset under a living pool: do not call cudaDeviceReset before pools end";
        case 214:
        case 220:
            return "the hardware failed: see nvidia-smi -q and the kernel's log (Xid), and reset or replace the device";
        case 700:
        case 702:
        case 710:
        case 714:
        case 715:
        case 716:
        case 717:
        case 718:
        case 719:
            return "an earlier kernel failed and left the context unusable: restart, and run compute-sanitizer";
        case 801:
            return "the device, or the way it is shared with virtual machines, cannot do this: see its documentation";
        case 900:
        case 901:
        case 902:
        case 903:
        case 904:
        case 905:
        case 906:
        case 907:
        case 908:
            return "a stream is capturing a graph: allocate before the capture begins, or outside of it";
        case 803:
        case 804:
            return "the driver's library and kernel module differ: reload or reboot after updates";
        default:
            return "see the call's page in the CUDA driver documentation";
        }
    }
};

} // namespace orfeas::inline v0::memory
