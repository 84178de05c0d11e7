// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/cuda_driver_types.hpp>
#include <orfeas/memory/detail/cuda_context.hpp>
#include <orfeas/memory/detail/cuda_events.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory {

/// The memory of a CUDA device, through the driver. It works in the device's primary context, the one that the toolkit's
/// run-time library uses: kernels of the application may read and write it. Calls leave the calling thread's current
/// context as it was. Copies share one hold on the primary context.
///
/// Fences are events of the driver, without timing; they are kept and used again.
///
/// Errors: backend_error that names the call, CUDA's code, the device and what to do.
/// Thread-safe.
class cuda_vmm {
  public:
    /// Opens device `ordinal` of those visible to the process. Throws backend_error when there is none.
    explicit cuda_vmm(int ordinal = 0, std::shared_ptr<cuda_driver const> driver = cuda_driver::open())
        : cuda_vmm{ordinal, std::move(driver), {}} {}

    /// As above; the devices `peers` may read and write mapped memory, too. Throws backend_error when one cannot.
    cuda_vmm(int ordinal, std::shared_ptr<cuda_driver const> driver, std::vector<int> const& peers)
        : state_{std::make_shared<state>(std::move(driver), ordinal, peers)} {}

    /// By cuMemAlloc: may be opened by other processes and by network cards.
    void* allocate(std::size_t bytes) const {
        auto const& cuda = driver();
        return context().allocate(
            "cuMemAlloc", bytes, [&](auto* p) { return cuda.memory_allocate(p, bytes); },
            [&](auto p) { return cuda.memory_free(p); });
    }

    /// Waits for work of the device that was submitted before.
    void deallocate(void* p, std::size_t bytes) const {
        context().call("cuMemFree", bytes, [&] { return driver().memory_free(detail::cuda_context::address(p)); });
    }

    /// Of the whole device: what other processes and kernels' own needs take is not free.
    backend_info info() const { return context().info(); }

    /// Synchronous, and ordered after work on the legacy default stream; work on other streams is the caller's to wait for.
    void copy_in(void* to, void const* from, std::size_t bytes) const { context().copy_in(to, from, bytes); }

    /// As `copy_in`.
    void copy_out(void* to, void const* from, std::size_t bytes) const { context().copy_out(to, from, bytes); }

    /// Makes the primary context the calling thread's: from now on its kernel launches go to this device.
    void make_current() const { context().make_current(); }

    bool host_accessible() const noexcept { return false; }
    std::string_view name() const noexcept { return context().name(); }
    device_kind kind() const noexcept { return device_kind::cuda; }
    int ordinal() const noexcept { return context().ordinal(); } ///< as for cudaSetDevice

    /// What the device maps at least, and no less than 2 MiB; 0 when driver or device have no virtual memory management.
    std::uint64_t granule_bytes() const noexcept { return state_->granule; }

    std::uintptr_t reserve_addresses(std::uint64_t bytes) const {
        require_vmm("cuMemAddressReserve");
        cuda_driver::device_pointer p = 0;
        context().call("cuMemAddressReserve", bytes,
                       [&] { return driver().address_reserve(&p, bytes, state_->granule, 0, 0); });
        return static_cast<std::uintptr_t>(p);
    }

    void release_addresses(std::uintptr_t address, std::uint64_t bytes) const {
        require_vmm("cuMemAddressFree");
        context().call("cuMemAddressFree", bytes, [&] { return driver().address_free(address, bytes); });
    }

    physical_memory create(std::uint64_t bytes) const {
        require_vmm("cuMemCreate");
        cuda_driver::physical_handle handle = 0;
        context().call("cuMemCreate", bytes,
                       [&] { return driver().physical_create(&handle, bytes, &state_->properties, 0); });
        return from_driver(handle);
    }

    void destroy(physical_memory memory, std::uint64_t bytes) const {
        require_vmm("cuMemRelease");
        context().call("cuMemRelease", bytes, [&] { return driver().physical_release(to_driver(memory)); });
    }

    void map(std::uintptr_t address, std::uint64_t bytes, physical_memory memory) const {
        require_vmm("cuMemMap");
        context().call("cuMemMap", bytes, [&] { return driver().memory_map(address, bytes, 0, to_driver(memory), 0); });
    }

    void allow_access(std::uintptr_t address, std::uint64_t bytes) const {
        require_vmm("cuMemSetAccess");
        auto const& who = state_->access;
        context().call("cuMemSetAccess", bytes,
                       [&] { return driver().memory_set_access(address, bytes, who.data(), who.size()); });
    }

    void unmap(std::uintptr_t address, std::uint64_t bytes) const {
        require_vmm("cuMemUnmap");
        context().call("cuMemUnmap", bytes, [&] { return driver().memory_unmap(address, bytes); });
    }

    /// Whether device `peer` can read and write this one's memory. Throws backend_error when there is no such device.
    bool reachable_from(int peer) const { return state_->can_reach(peer); }

    /// The stream is one of the primary context, and captures no graph.
    fence record(stream_ref stream) const { return state_->events.record(stream); }
    bool passed(fence f) const { return state_->events.passed(f); }
    void make_wait(stream_ref stream, fence f) const { state_->events.make_wait(stream, f); }
    void wait(fence f) const { state_->events.wait(f); }
    void forget(fence f) const noexcept { state_->events.forget(f); }

    /// Whether the stream captures a graph; for the default stream, also whether one captures that it waits for.
    bool capturing(stream_ref stream) const { return state_->events.capturing(stream); }

    friend bool operator==(cuda_vmm const&, cuda_vmm const&) noexcept = default;

  private:
    struct state {
        state(std::shared_ptr<cuda_driver const> from, int ordinal, std::vector<int> const& peers)
            : context{std::move(from), ordinal}, events{context} {
            properties.location.id = ordinal;
            allow(ordinal);
            for (int const peer : peers) {
                check_peer(peer);
                allow(peer);
            }
            granule = least_granule();
        }

        void allow(int ordinal) { access.push_back({.location = {.id = ordinal}}); }

        bool can_reach(int peer) const {
            auto const& cuda = context.driver();
            auto const subject = "peer " + std::to_string(peer) + " of " + context.label();
            cuda_driver::device id = 0;
            cuda.check(cuda.device_get(&id, peer), "cuDeviceGet", subject);
            int can = 0;
            cuda.check(cuda.device_can_access_peer(&can, id, context.id()), "cuDeviceCanAccessPeer", subject);
            return can != 0;
        }

        void check_peer(int peer) const {
            if (!can_reach(peer)) {
                throw backend_error{error::unavailable, "cuDeviceCanAccessPeer", 0,
                                    "CUDA device " + std::to_string(peer) + " cannot reach the memory of " +
                                        context.label() +
                                        ": see nvidia-smi topo -p2p r, and leave it out of the peers"};
            }
        }

        std::uint64_t least_granule() const {
            auto const& cuda = context.driver();
            if (!cuda.has_virtual_memory() || context.attribute(cuda_driver::attribute_virtual_memory) == 0) {
                return 0;
            }
            std::size_t least = 0;
            context.call("cuMemGetAllocationGranularity", 0,
                         [&] { return cuda.get_granularity(&least, &properties, 0); });
            return std::max<std::uint64_t>(least, 2_MiB); // both are powers of two
        }

        detail::cuda_context context;
        detail::cuda_events events;
        cuda_allocation_properties properties;
        std::vector<cuda_access_description> access;
        std::uint64_t granule = 0;
    };

    detail::cuda_context const& context() const noexcept { return state_->context; }
    cuda_driver const& driver() const noexcept { return state_->context.driver(); }

    // a driver may number its handles from zero, which is none to us: kept as their complement
    static physical_memory from_driver(cuda_driver::physical_handle handle) noexcept { return {~handle}; }
    static cuda_driver::physical_handle to_driver(physical_memory memory) noexcept { return ~memory.value; }

    void require_vmm(char const* call) const {
        if (state_->granule == 0) {
            throw backend_error{error::unavailable, call, 0,
                                std::string{call} + ": " + context().label() +
                                    " or its driver has no virtual memory management; ask granule_bytes() first"};
        }
    }

    std::shared_ptr<state> state_;
};
static_assert(vmm_backend<cuda_vmm> && capturing_backend<cuda_vmm>);

} // namespace orfeas::inline v0::memory
