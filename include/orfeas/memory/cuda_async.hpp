// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/cuda_driver_types.hpp>
#include <orfeas/memory/detail/cuda_context.hpp>
#include <orfeas/memory/detail/cuda_events.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// Configures memory of a pool of the CUDA driver. Prefix ORFEAS_CUDA_ASYNC_.
struct cuda_async_options {
    int ordinal = 0;      ///< the device
    bool own_pool = true; ///< false: the device's default pool, which the whole process shares

    /// Unused memory that the pool keeps when somebody synchronises; 0: as the driver or the process has set it.
    std::uint64_t release_threshold_bytes = 0;

    static constexpr std::string_view environment_prefix = "ORFEAS_CUDA_ASYNC_";

    static void fields(auto& self, auto&& field) {
        field("ordinal", self.ordinal, in_range(0, 1023), "the CUDA device");
        field("own_pool", self.own_pool, any_value{}, "make a pool; off: the device's default pool");
        field("release_threshold_bytes", self.release_threshold_bytes, any_value{},
              "unused memory that the pool keeps when somebody synchronises; 0: as it is");
    }
};
static_assert(options<cuda_async_options>);

/// The memory of a CUDA device, from a pool of the driver (cuMemAllocAsync): what the driver itself offers for streams.
/// It has no virtual memory management of ours. Otherwise as `cuda_vmm`.
///
/// Besides what a `memory_backend` does, which is complete when it returns and good for any stream, it allocates and
/// deallocates in the order of a stream, which costs no wait.
///
/// Errors: backend_error that names the call, CUDA's code, the device and what to do.
/// Thread-safe.
class cuda_async {
  public:
    /// Throws option_error for options out of range, and backend_error when the device is not there or has no pools.
    explicit cuda_async(cuda_async_options const& options = {},
                        std::shared_ptr<cuda_driver const> driver = cuda_driver::open())
        : state_{std::make_shared<state>(checked(options), std::move(driver))} {}

    /// Waits until the memory is there; work of the application's streams is not waited for.
    void* allocate(std::size_t bytes) const {
        stream_ref const own{state_->stream};
        void* const p = allocate(bytes, own);
        try {
            synchronize();
        } catch (backend_error const&) {
            give_up(p);
            throw;
        }
        return p;
    }

    /// No work may use the memory any more.
    void deallocate(void* p, std::size_t bytes) const { deallocate(p, bytes, stream_ref{state_->stream}); }

    /// Memory for work that is submitted to the stream later on; for other streams, once they wait for that.
    void* allocate(std::size_t bytes, stream_ref stream) const {
        auto const& cuda = driver();
        return context().allocate(
            "cuMemAllocFromPoolAsync", bytes,
            [&](auto* p) { return cuda.pool_allocate(p, bytes, state_->pool, stream.native()); },
            [&](auto p) { return cuda.pool_free(p, stream.native()); });
    }

    /// The memory goes back when the work submitted to the stream so far has finished.
    void deallocate(void* p, std::size_t bytes, stream_ref stream) const {
        context().call("cuMemFreeAsync", bytes,
                       [&] { return driver().pool_free(detail::cuda_context::address(p), stream.native()); });
    }

    /// Of the whole device; what the pool keeps and nobody uses is free.
    backend_info info() const {
        auto found = context().info();
        auto const reserved = pool_attribute(cuda_driver::pool_attribute_reserved);
        auto const used = pool_attribute(cuda_driver::pool_attribute_used);
        found.free_bytes += reserved > used ? reserved - used : 0; // two questions: they may not fit together
        return found;
    }

    /// Gives unused memory of the pool back to the device, down to `keep_bytes`.
    void trim(std::uint64_t keep_bytes = 0) const {
        context().call("cuMemPoolTrimTo", keep_bytes, [&] { return driver().pool_trim_to(state_->pool, keep_bytes); });
    }

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

    fence record(stream_ref stream) const { return state_->events.record(stream); }
    bool passed(fence f) const { return state_->events.passed(f); }
    void make_wait(stream_ref stream, fence f) const { state_->events.make_wait(stream, f); }
    void wait(fence f) const { state_->events.wait(f); }
    void forget(fence f) const noexcept { state_->events.forget(f); }
    bool capturing(stream_ref stream) const { return state_->events.capturing(stream); }

    friend bool operator==(cuda_async const&, cuda_async const&) noexcept = default;

  private:
    struct state {
        state(cuda_async_options const& options, std::shared_ptr<cuda_driver const> from)
            : context{std::move(from), options.ordinal}, events{context}, owns_pool{options.own_pool} {
            auto const& cuda = context.driver();
            if (!cuda.has_pools() || context.attribute(cuda_driver::attribute_pools) == 0) {
                throw backend_error{error::unavailable, "cuMemAllocAsync", 0,
                                    context.label() + " or its driver has no memory pools: use cuda_vmm"};
            }
            try {
                open(options.release_threshold_bytes);
            } catch (backend_error const&) {
                close();
                throw;
            }
        }

        state(state const&) = delete;
        state& operator=(state const&) = delete;
        ~state() { close(); }

        void open(std::uint64_t threshold) {
            auto const& cuda = context.driver();
            if (owns_pool) {
                cuda_pool_properties properties;
                properties.location.id = context.ordinal();
                context.call("cuMemPoolCreate", 0, [&] { return cuda.pool_create(&pool, &properties); });
            } else {
                context.call("cuDeviceGetDefaultMemPool", 0,
                             [&] { return cuda.device_get_default_pool(&pool, context.id()); });
            }
            if (threshold != 0) {
                context.call("cuMemPoolSetAttribute", threshold, [&] {
                    return cuda.pool_set_attribute(pool, cuda_driver::pool_attribute_release_threshold, &threshold);
                });
            }
            context.call("cuStreamCreate", 0,
                         [&] { return cuda.stream_create(&stream, cuda_driver::stream_non_blocking); });
        }

        /// Fails only when the driver has shut down, and then there is nothing left to give back.
        void close() noexcept {
            auto const& cuda = context.driver();
            if (stream != nullptr) {
                context.run_anyway([&] { return cuda.stream_synchronize(stream); });
                context.run_anyway([&] { return cuda.stream_destroy(stream); });
            }
            if (owns_pool && pool != nullptr) {
                context.run_anyway([&] { return cuda.pool_destroy(pool); });
            }
        }

        detail::cuda_context context;
        detail::cuda_events events;
        bool owns_pool;
        cuda_driver::pool pool = nullptr;
        cuda_driver::stream stream = nullptr; // for what belongs to no stream of the application
    };

    static cuda_async_options const& checked(cuda_async_options const& options) {
        validate(options);
        return options;
    }

    detail::cuda_context const& context() const noexcept { return state_->context; }
    cuda_driver const& driver() const noexcept { return state_->context.driver(); }

    void synchronize() const {
        context().call("cuStreamSynchronize", 0, [&] { return driver().stream_synchronize(state_->stream); });
    }

    void give_up(void* p) const {
        static_cast<void>(
            context().run([&] { return driver().pool_free(detail::cuda_context::address(p), state_->stream); }));
    }

    std::uint64_t pool_attribute(int which) const {
        std::uint64_t value = 0;
        context().call("cuMemPoolGetAttribute", 0,
                       [&] { return driver().pool_get_attribute(state_->pool, which, &value); });
        return value;
    }

    std::shared_ptr<state> state_;
};
static_assert(memory_backend<cuda_async> && capturing_backend<cuda_async> && !vmm_backend<cuda_async>);

} // namespace orfeas::inline v0::memory
