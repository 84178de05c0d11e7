// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory::detail {

/// A hold on the primary context of a CUDA device, the one that the toolkit's run-time library uses, and what can be done
/// in it with any memory. Calls leave the calling thread's current context as it was. Errors: backend_error that names the
/// call, CUDA's code, the device and what to do.
/// Thread-safe.
class cuda_context {
  public:
    cuda_context(std::shared_ptr<cuda_driver const> from, int number)
        : driver_{std::move(from)}, ordinal_{number}, label_{"CUDA device " + std::to_string(number)} {
        driver_->check(driver_->init(0), "cuInit", label_);
        driver_->check(driver_->device_get(&id_, ordinal_), "cuDeviceGet", label_);
        std::array<char, 256> text{};
        driver_->check(driver_->device_get_name(text.data(), static_cast<int>(text.size()) - 1, id_), "cuDeviceGetName",
                       label_);
        name_ = text.data();
        label_.append(" (").append(name_).append(")");
        driver_->check(driver_->primary_context_retain(&context_, id_), "cuDevicePrimaryCtxRetain", label_);
    }

    cuda_context(cuda_context const&) = delete;
    cuda_context& operator=(cuda_context const&) = delete;

    // fails only when the driver has shut down, and then there is nothing left to release
    ~cuda_context() { static_cast<void>(driver_->primary_context_release(id_)); }

    cuda_driver const& driver() const noexcept { return *driver_; }
    int ordinal() const noexcept { return ordinal_; }
    cuda_driver::device id() const noexcept { return id_; }
    std::string_view name() const noexcept { return name_; }
    std::string const& label() const noexcept { return label_; }

    struct outcome {
        cuda_driver::result work;  // of the call
        cuda_driver::result leave; // of restoring the thread's own context
    };

    /// Runs `work`, which returns a result, with the primary context current. Throws when it cannot be entered.
    template<class Work>
    outcome run(Work const& work) const {
        cuda_driver::context current = nullptr;
        driver_->check(driver_->context_get_current(&current), "cuCtxGetCurrent", label_);
        if (current == context_) {
            return {work(), cuda_driver::success};
        }
        driver_->check(driver_->context_push_current(context_), "cuCtxPushCurrent", label_);
        auto const result = work();
        return {result, driver_->context_pop_current(&current)};
    }

    /// As `run`, and throws when `work` failed. That the thread's context could not be restored is no failure: what was
    /// asked for has been done, and the driver will say what ails it at the next call.
    template<class Work>
    void call(char const* name, std::uint64_t bytes, Work const& work) const {
        check(run(work).work, name, bytes);
    }

    /// For the end of a life: as `run`, but without the context when it cannot be entered. Answers nothing: a failure there
    /// has no one to act on it.
    template<class Work>
    void run_anyway(Work const& work) const noexcept {
        try {
            static_cast<void>(run(work));
        } catch (backend_error const&) {
            static_cast<void>(work());
        }
    }

    void check(cuda_driver::result code, char const* call, std::uint64_t bytes) const {
        if (code != cuda_driver::success) {
            driver_->check(code, call, bytes == 0 ? label_ : format_bytes(bytes) + " on " + label_);
        }
    }

    /// Runs `work(&p)`, which allocates, and answers the pointer; `undo(p)` takes one back that cannot be handed out, and
    /// the failure reported is the one that came first.
    template<class Work, class Undo>
    void* allocate(char const* call, std::uint64_t bytes, Work const& work, Undo const& undo) const {
        cuda_driver::device_pointer p = 0;
        auto const done = run([&] { return work(&p); });
        check(done.work, call, bytes);
        if (done.leave == cuda_driver::success && p % backend_alignment_bytes == 0) {
            return reinterpret_cast<void*>(static_cast<std::uintptr_t>(p));
        }
        static_cast<void>(run([&] { return undo(p); }));
        check(done.leave, "cuCtxPopCurrent", bytes);
        throw backend_error{error::call_failed, call, 0,
                            std::string{call} + " of " + format_bytes(bytes) + " on " + label_ +
                                " answered a pointer that is not a multiple of 512; update the NVIDIA driver"};
    }

    /// Of the whole device: what other processes and kernels' own needs take is not free.
    backend_info info() const {
        std::size_t free = 0;
        std::size_t total = 0;
        auto const done = run([&] { return driver_->memory_get_info(&free, &total); });
        check(done.work, "cuMemGetInfo", 0);
        check(done.leave, "cuCtxPopCurrent", 0);
        return {total, free};
    }

    void copy_in(void* to, void const* from, std::size_t bytes) const {
        if (bytes == 0) {
            return;
        }
        auto const done = run([&] { return driver_->copy_host_to_device(address(to), from, bytes); });
        check(done.work, "cuMemcpyHtoD", bytes);
        check(done.leave, "cuCtxPopCurrent", bytes);
    }

    void copy_out(void* to, void const* from, std::size_t bytes) const {
        if (bytes == 0) {
            return;
        }
        auto const done = run([&] { return driver_->copy_device_to_host(to, address(from), bytes); });
        check(done.work, "cuMemcpyDtoH", bytes);
        check(done.leave, "cuCtxPopCurrent", bytes);
    }

    /// Makes the primary context the calling thread's: from now on its kernel launches go to this device.
    void make_current() const { check(driver_->context_set_current(context_), "cuCtxSetCurrent", 0); }

    /// Of the device; see cuda_driver's constants.
    int attribute(int which) const {
        int value = 0;
        check(driver_->device_get_attribute(&value, which, id_), "cuDeviceGetAttribute", 0);
        return value;
    }

    static cuda_driver::device_pointer address(void const* p) noexcept { return reinterpret_cast<std::uintptr_t>(p); }

  private:
    std::shared_ptr<cuda_driver const> driver_;
    int ordinal_;
    std::string label_;
    std::string name_;
    cuda_driver::device id_ = 0;
    cuda_driver::context context_ = nullptr;
};

} // namespace orfeas::inline v0::memory::detail
