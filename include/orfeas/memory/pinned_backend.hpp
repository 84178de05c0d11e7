// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/detail/cuda_context.hpp>
#include <orfeas/memory/detail/cuda_events.hpp>
#include <orfeas/memory/detail/locked_pages.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// Configures pinned memory of the host. Prefix ORFEAS_PINNED_.
struct pinned_options {
    std::uint64_t capacity_bytes = 0;          ///< most to pin; 0: a quarter of what the process may use
    bool cuda = true;                          ///< false: locked pages, whatever the machine has
    int cuda_ordinal = -1;                     ///< the device to pin through; -1: the first, if there is one
    std::string cuda_library = "libcuda.so.1"; ///< the driver's file

    static constexpr std::string_view environment_prefix = "ORFEAS_PINNED_";

    static void fields(auto& self, auto&& field) {
        field("capacity_bytes", self.capacity_bytes, any_value{},
              "most memory to pin; 0: a quarter of what the process may use");
        field("cuda", self.cuda, any_value{}, "pin through a CUDA device if there is one");
        field("cuda_ordinal", self.cuda_ordinal, in_range(-1, 1023), "CUDA device to pin through; -1: the first");
        field("cuda_library", self.cuda_library, any_value{}, "file name of the CUDA driver");
    }
};
static_assert(options<pinned_options>);

/// Pinned (page-locked) memory of the host, which devices copy from and to at full speed and beside the host's work:
/// `basic_pool<pinned_backend>` is a pool of staging buffers. It is pinned by the CUDA driver, for all its devices; on a
/// machine without one the pages are locked (mlock), which keeps them in memory as far as `ulimit -l` allows, so that a
/// program runs the same everywhere. Copies share one budget, the capacity.
///
/// Pinning takes about a millisecond for 4 MiB and memory from everyone else: pin little, and keep it. Fences are those of
/// the CUDA device; without one, work is synchronous.
///
/// Errors: backend_error that names the call, the code and what to do.
/// Thread-safe.
class pinned_backend {
  public:
    /// Throws option_error for options out of range, and backend_error when `cuda_ordinal` names a device that cannot be
    /// used, or when nothing may be locked.
    explicit pinned_backend(pinned_options const& options = {})
        : pinned_backend{options, driver_for(checked(options))} {}

    /// As above through this driver; null for none.
    pinned_backend(pinned_options const& options, std::shared_ptr<cuda_driver const> const& driver)
        : state_{std::make_shared<state>(checked(options), driver)} {}

    /// Whole pages.
    void* allocate(std::size_t bytes) const {
        auto const pages = whole_pages(bytes);
        take(pages);
        try {
            return state_->cuda ? pin(pages) : lock(pages);
        } catch (backend_error const&) {
            state_->used.fetch_sub(pages, std::memory_order_relaxed);
            throw;
        }
    }

    void deallocate(void* p, std::size_t bytes) const {
        auto const pages = whole_pages(bytes);
        if (state_->cuda) {
            auto const& cuda = state_->cuda->context;
            cuda.call("cuMemFreeHost", pages, [&] { return cuda.driver().host_free(p); });
        } else if (::munmap(p, pages) != 0) {
            fail(error::call_failed, "munmap", pages, errno);
        }
        state_->used.fetch_sub(pages, std::memory_order_relaxed);
    }

    backend_info info() const noexcept {
        return {state_->capacity, state_->capacity - state_->used.load(std::memory_order_relaxed)};
    }

    void copy_in(void* to, void const* from, std::size_t bytes) const noexcept { copy(to, from, bytes); }
    void copy_out(void* to, void const* from, std::size_t bytes) const noexcept { copy(to, from, bytes); }

    /// Makes the primary context of the device the calling thread's.
    void make_current() const {
        if (state_->cuda) {
            state_->cuda->context.make_current();
        }
    }

    bool host_accessible() const noexcept { return true; }
    std::string_view name() const noexcept { return state_->cuda ? "pinned host memory" : "locked host memory"; }
    device_kind kind() const noexcept { return device_kind::host; }

    /// Whether the CUDA driver has pinned it; else the pages are only locked.
    bool through_cuda() const noexcept { return state_->cuda != nullptr; }

    fence record(stream_ref stream) const { return state_->cuda ? state_->cuda->events.record(stream) : fence{}; }
    bool passed(fence f) const { return !state_->cuda || state_->cuda->events.passed(f); }
    void make_wait(stream_ref stream, fence f) const {
        if (state_->cuda) {
            state_->cuda->events.make_wait(stream, f);
        }
    }
    void wait(fence f) const {
        if (state_->cuda) {
            state_->cuda->events.wait(f);
        }
    }
    void forget(fence f) const noexcept {
        if (state_->cuda) {
            state_->cuda->events.forget(f);
        }
    }
    bool capturing(stream_ref stream) const { return state_->cuda && state_->cuda->events.capturing(stream); }

    friend bool operator==(pinned_backend const&, pinned_backend const&) noexcept = default;

  private:
    struct cuda_part {
        cuda_part(std::shared_ptr<cuda_driver const> driver, int ordinal)
            : context{std::move(driver), ordinal}, events{context} {}

        detail::cuda_context context;
        detail::cuda_events events;
    };

    struct state {
        state(pinned_options const& options, std::shared_ptr<cuda_driver const> const& driver)
            : capacity{options.capacity_bytes == 0 ? default_host_capacity() : options.capacity_bytes},
              cuda{open(options, driver)} {
            if (cuda) {
                return;
            }
            auto const most = detail::lockable_bytes();
            if (most < whole_pages(1)) {
                throw backend_error{error::unavailable, "mlock", 0,
                                    "host memory cannot be locked: the limit (ulimit -l) is " + format_bytes(most) +
                                        "; raise it, or use a machine with CUDA"};
            }
            capacity = capacity < most ? capacity : most;
        }

        std::uint64_t capacity;
        std::unique_ptr<cuda_part> cuda;
        std::atomic<std::uint64_t> used{0};
    };

    static pinned_options const& checked(pinned_options const& options) {
        validate(options);
        return options;
    }

    /// The driver that the options ask for; null when there is none, and none was asked for by number.
    static std::shared_ptr<cuda_driver const> driver_for(pinned_options const& options) {
        if (!options.cuda) {
            return nullptr;
        }
        try {
            return cuda_driver::open(options.cuda_library);
        } catch (backend_error const&) {
            if (options.cuda_ordinal >= 0) {
                throw;
            }
            return nullptr;
        }
    }

    static std::unique_ptr<cuda_part> open(pinned_options const& options,
                                           std::shared_ptr<cuda_driver const> const& driver) {
        if (!options.cuda || driver == nullptr) {
            return nullptr;
        }
        if (options.cuda_ordinal >= 0) {
            return std::make_unique<cuda_part>(driver, options.cuda_ordinal);
        }
        try {
            return std::make_unique<cuda_part>(driver, 0);
        } catch (backend_error const&) { // a driver without a device that works
            return nullptr;
        }
    }

    static std::size_t whole_pages(std::size_t bytes) noexcept {
        static auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        ORFEAS_ASSERT(bytes > 0 && bytes <= SIZE_MAX / 2, "ask a backend for a size that can exist");
        return (bytes + page - 1) / page * page;
    }

    void take(std::uint64_t bytes) const {
        auto now = state_->used.load(std::memory_order_relaxed);
        do {
            if (bytes > state_->capacity - now) {
                throw backend_error{error::out_of_memory, "pinned_backend::allocate", 0,
                                    std::string{name()} + ": no room for " + format_bytes(bytes) +
                                        " in the capacity of " + format_bytes(state_->capacity) +
                                        "; raise capacity_bytes" + (state_->cuda ? "" : ", and ulimit -l")};
            }
        } while (!state_->used.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
    }

    void* pin(std::size_t bytes) const {
        auto const& context = state_->cuda->context;
        auto const& cuda = context.driver();
        return context.allocate(
            "cuMemHostAlloc", bytes,
            [&](cuda_driver::device_pointer* p) {
                void* pinned = nullptr;
                auto const result = cuda.host_allocate(&pinned, bytes, cuda_driver::host_memory_portable);
                *p = detail::cuda_context::address(pinned);
                return result;
            },
            [&](cuda_driver::device_pointer p) {
                return cuda.host_free(reinterpret_cast<void*>(static_cast<std::uintptr_t>(p)));
            });
    }

    static void* lock(std::size_t bytes) {
        if (void* const p = detail::map_locked(bytes)) {
            return p;
        }
        auto const reason = errno;
        bool const full = reason == ENOMEM || reason == EAGAIN || reason == EPERM;
        fail(full ? error::out_of_memory : error::call_failed, "mlock", bytes, reason);
    }

    [[noreturn]] static void fail(error why, char const* call, std::uint64_t bytes, int reason) {
        throw backend_error{why, call, reason,
                            std::string{call} + " of " + format_bytes(bytes) + " of host memory failed: " +
                                std::strerror(reason) + " (errno " + std::to_string(reason) +
                                "); the process may lock so much in all as ulimit -l says: raise it, or pin less"};
    }

    static void copy(void* to, void const* from, std::size_t bytes) noexcept {
        if (bytes != 0) {
            std::memcpy(to, from, bytes); // memcpy of nothing still asks for valid pointers
        }
    }

    std::shared_ptr<state> state_;
};
static_assert(memory_backend<pinned_backend> && capturing_backend<pinned_backend>);

} // namespace orfeas::inline v0::memory
