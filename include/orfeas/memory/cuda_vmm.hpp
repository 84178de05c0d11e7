// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/extent_heap.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// The memory of a CUDA device, through the driver. It works in the device's primary context, the one that the toolkit's
/// run-time library uses: kernels of the application may read and write it. Calls leave the calling thread's current
/// context as it was. Copies share one hold on the primary context.
///
/// Errors: backend_error that names the call, CUDA's code, the device and what to do.
/// Thread-safe.
class cuda_vmm {
  public:
    /// Opens device `ordinal` of those visible to the process. Throws backend_error when there is none.
    explicit cuda_vmm(int ordinal = 0, std::shared_ptr<cuda_driver const> driver = cuda_driver::open())
        : state_{std::make_shared<state>(std::move(driver), ordinal)} {}

    void* allocate(std::size_t bytes) const {
        auto const& cuda = *state_->driver;
        cuda_driver::device_pointer p = 0;
        auto const done = in_context([&] { return cuda.memory_allocate(&p, bytes); });
        check(done.work, "cuMemAlloc", bytes);
        // a pointer that cannot be handed out is given back; the failure reported is the one that came first
        if (done.leave != cuda_driver::success || p % extent_heap::unit_bytes != 0) {
            static_cast<void>(in_context([&] { return cuda.memory_free(p); }));
            check(done.leave, "cuCtxPopCurrent", bytes);
            throw backend_error{error::call_failed, "cuMemAlloc", 0,
                                "cuMemAlloc of " + format_bytes(bytes) + " on " + state_->label +
                                    " answered a pointer that is not a multiple of 512; update the NVIDIA driver"};
        }
        return reinterpret_cast<void*>(static_cast<std::uintptr_t>(p));
    }

    void deallocate(void* p, std::size_t bytes) const {
        // the memory is gone even if the thread's context could not be restored: that is not this call's failure
        auto const done = in_context([&] { return state_->driver->memory_free(address(p)); });
        check(done.work, "cuMemFree", bytes);
    }

    /// Of the whole device: what other processes and kernels' own needs take is not free.
    backend_info info() const {
        std::size_t free = 0;
        std::size_t total = 0;
        auto const done = in_context([&] { return state_->driver->memory_get_info(&free, &total); });
        state_->driver->check(done.work, "cuMemGetInfo", state_->label);
        state_->driver->check(done.leave, "cuCtxPopCurrent", state_->label);
        return {total, free};
    }

    /// Synchronous, and ordered after work on the legacy default stream; work on other streams is the caller's to wait for.
    void copy_in(void* to, void const* from, std::size_t bytes) const {
        if (bytes == 0) {
            return;
        }
        auto const done = in_context([&] { return state_->driver->copy_host_to_device(address(to), from, bytes); });
        check(done.work, "cuMemcpyHtoD", bytes);
        check(done.leave, "cuCtxPopCurrent", bytes);
    }

    /// As `copy_in`.
    void copy_out(void* to, void const* from, std::size_t bytes) const {
        if (bytes == 0) {
            return;
        }
        auto const done = in_context([&] { return state_->driver->copy_device_to_host(to, address(from), bytes); });
        check(done.work, "cuMemcpyDtoH", bytes);
        check(done.leave, "cuCtxPopCurrent", bytes);
    }

    /// Makes the primary context the calling thread's: from now on its kernel launches go to this device.
    void make_current() const {
        state_->driver->check(state_->driver->context_set_current(state_->context), "cuCtxSetCurrent", state_->label);
    }

    bool host_accessible() const noexcept { return false; }
    std::string_view name() const noexcept { return state_->name; }
    device_kind kind() const noexcept { return device_kind::cuda; }
    int ordinal() const noexcept { return state_->ordinal; } ///< as for cudaSetDevice

    friend bool operator==(cuda_vmm const&, cuda_vmm const&) noexcept = default;

  private:
    struct state {
        state(std::shared_ptr<cuda_driver const> from, int number)
            : driver{std::move(from)}, ordinal{number}, label{"CUDA device " + std::to_string(number)} {
            driver->check(driver->init(0), "cuInit", label);
            driver->check(driver->device_get(&id, ordinal), "cuDeviceGet", label);
            std::array<char, 256> text{};
            driver->check(driver->device_get_name(text.data(), static_cast<int>(text.size()) - 1, id),
                          "cuDeviceGetName", label);
            name = text.data();
            label.append(" (").append(name).append(")");
            driver->check(driver->primary_context_retain(&context, id), "cuDevicePrimaryCtxRetain", label);
        }

        state(state const&) = delete;
        state& operator=(state const&) = delete;

        // fails only when the driver has shut down, and then there is nothing left to release
        ~state() { static_cast<void>(driver->primary_context_release(id)); }

        std::shared_ptr<cuda_driver const> driver;
        int ordinal;
        std::string label;
        std::string name;
        cuda_driver::device id = 0;
        cuda_driver::context context = nullptr;
    };

    struct outcome {
        cuda_driver::result work;  // of the call, or of entering the context
        cuda_driver::result leave; // of restoring the thread's own context
    };

    /// Runs `work`, which returns a result, with the primary context current.
    template<class Work>
    outcome in_context(Work const& work) const {
        auto const& cuda = *state_->driver;
        cuda_driver::context current = nullptr;
        cuda.check(cuda.context_get_current(&current), "cuCtxGetCurrent", state_->label);
        if (current == state_->context) {
            return {work(), cuda_driver::success};
        }
        cuda.check(cuda.context_push_current(state_->context), "cuCtxPushCurrent", state_->label);
        auto const result = work();
        return {result, cuda.context_pop_current(&current)};
    }

    void check(cuda_driver::result code, char const* call, std::size_t bytes) const {
        if (code != cuda_driver::success) {
            state_->driver->check(code, call, format_bytes(bytes) + " on " + state_->label);
        }
    }

    static cuda_driver::device_pointer address(void const* p) noexcept { return reinterpret_cast<std::uintptr_t>(p); }

    std::shared_ptr<state> state_;
};
static_assert(memory_backend<cuda_vmm>);

} // namespace orfeas::inline v0::memory
