// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// Any backend, chosen at run time: itself a `vmm_backend` and a `fence_backend`, whatever it holds. Copies are handles on
/// the same backend.
///
/// Of a backend without virtual memory management, `granule_bytes()` is 0 and the calls that need it throw
/// error::unavailable. Of a backend without fences, every fence has passed when it is recorded: right where work is
/// synchronous; elsewhere the caller waits for the work itself before memory is given back. Of one that knows no captures,
/// no stream captures.
/// Thread-safe.
class device {
  public:
    template<class Backend>
        requires(!std::same_as<Backend, device> && memory_backend<Backend>)
    device(Backend backend) // implicit: every backend is a device
        : backend_{std::make_shared<model<Backend> const>(std::move(backend))} {}

    void* allocate(std::size_t bytes) const { return backend_->allocate(bytes); }
    void deallocate(void* p, std::size_t bytes) const { backend_->deallocate(p, bytes); }
    backend_info info() const { return backend_->info(); }
    void copy_in(void* to, void const* from, std::size_t bytes) const { backend_->copy_in(to, from, bytes); }
    void copy_out(void* to, void const* from, std::size_t bytes) const { backend_->copy_out(to, from, bytes); }
    void make_current() const { backend_->make_current(); }
    bool host_accessible() const noexcept { return backend_->host_accessible(); }
    std::string_view name() const noexcept { return backend_->name(); } ///< valid while a copy of the device lives
    device_kind kind() const noexcept { return backend_->kind(); }

    std::uint64_t granule_bytes() const noexcept { return backend_->granule_bytes(); }
    std::uintptr_t reserve_addresses(std::uint64_t bytes) const { return backend_->reserve_addresses(bytes); }
    void release_addresses(std::uintptr_t address, std::uint64_t bytes) const {
        backend_->release_addresses(address, bytes);
    }
    physical_memory create(std::uint64_t bytes) const { return backend_->create(bytes); }
    void destroy(physical_memory memory, std::uint64_t bytes) const { backend_->destroy(memory, bytes); }
    void map(std::uintptr_t address, std::uint64_t bytes, physical_memory memory) const {
        backend_->map(address, bytes, memory);
    }
    void allow_access(std::uintptr_t address, std::uint64_t bytes) const { backend_->allow_access(address, bytes); }
    void unmap(std::uintptr_t address, std::uint64_t bytes) const { backend_->unmap(address, bytes); }

    fence record(stream_ref stream) const { return backend_->record(stream); }
    bool passed(fence f) const { return backend_->passed(f); }
    void make_wait(stream_ref stream, fence f) const { backend_->make_wait(stream, f); }
    void wait(fence f) const { backend_->wait(f); }
    void forget(fence f) const noexcept { backend_->forget(f); }
    bool capturing(stream_ref stream) const { return backend_->capturing(stream); }

    /// The backend itself if it is of that type, else null.
    template<memory_backend Backend>
    Backend const* target() const noexcept {
        auto const* const found = dynamic_cast<model<Backend> const*>(backend_.get());
        return found != nullptr ? &found->backend : nullptr;
    }

    // a member: as a friend it would be a candidate wherever a pool is compared, and a pool would be tried as a backend
    bool operator==(device const& other) const { return backend_->equals(*other.backend_); }

  private:
    struct interface {
        virtual ~interface() = default;
        virtual void* allocate(std::size_t bytes) const = 0;
        virtual void deallocate(void* p, std::size_t bytes) const = 0;
        virtual backend_info info() const = 0;
        virtual void copy_in(void* to, void const* from, std::size_t bytes) const = 0;
        virtual void copy_out(void* to, void const* from, std::size_t bytes) const = 0;
        virtual void make_current() const = 0;
        virtual bool host_accessible() const noexcept = 0;
        virtual std::string_view name() const noexcept = 0;
        virtual device_kind kind() const noexcept = 0;
        virtual std::uint64_t granule_bytes() const noexcept = 0;
        virtual std::uintptr_t reserve_addresses(std::uint64_t bytes) const = 0;
        virtual void release_addresses(std::uintptr_t address, std::uint64_t bytes) const = 0;
        virtual physical_memory create(std::uint64_t bytes) const = 0;
        virtual void destroy(physical_memory memory, std::uint64_t bytes) const = 0;
        virtual void map(std::uintptr_t address, std::uint64_t bytes, physical_memory memory) const = 0;
        virtual void allow_access(std::uintptr_t address, std::uint64_t bytes) const = 0;
        virtual void unmap(std::uintptr_t address, std::uint64_t bytes) const = 0;
        virtual fence record(stream_ref stream) const = 0;
        virtual bool passed(fence f) const = 0;
        virtual void make_wait(stream_ref stream, fence f) const = 0;
        virtual void wait(fence f) const = 0;
        virtual void forget(fence f) const noexcept = 0;
        virtual bool capturing(stream_ref stream) const = 0;
        virtual bool equals(interface const& other) const = 0;
    };

    template<memory_backend Backend>
    struct model final : interface {
        explicit model(Backend b) : backend{std::move(b)} {}

        void* allocate(std::size_t bytes) const override { return backend.allocate(bytes); }
        void deallocate(void* p, std::size_t bytes) const override { backend.deallocate(p, bytes); }
        backend_info info() const override { return backend.info(); }
        void copy_in(void* to, void const* from, std::size_t n) const override { backend.copy_in(to, from, n); }
        void copy_out(void* to, void const* from, std::size_t n) const override { backend.copy_out(to, from, n); }
        void make_current() const override { backend.make_current(); }
        bool host_accessible() const noexcept override { return backend.host_accessible(); }
        std::string_view name() const noexcept override { return backend.name(); }
        device_kind kind() const noexcept override { return backend.kind(); }

        std::uint64_t granule_bytes() const noexcept override {
            if constexpr (vmm_backend<Backend>) {
                return backend.granule_bytes();
            } else {
                return 0;
            }
        }
        std::uintptr_t reserve_addresses(std::uint64_t bytes) const override {
            return virtually("reserve_addresses", [&](auto const& b) { return b.reserve_addresses(bytes); });
        }
        void release_addresses(std::uintptr_t address, std::uint64_t bytes) const override {
            virtually("release_addresses", [&](auto const& b) { b.release_addresses(address, bytes); });
        }
        physical_memory create(std::uint64_t bytes) const override {
            return virtually("create", [&](auto const& b) { return b.create(bytes); });
        }
        void destroy(physical_memory memory, std::uint64_t bytes) const override {
            virtually("destroy", [&](auto const& b) { b.destroy(memory, bytes); });
        }
        void map(std::uintptr_t address, std::uint64_t bytes, physical_memory memory) const override {
            virtually("map", [&](auto const& b) { b.map(address, bytes, memory); });
        }
        void allow_access(std::uintptr_t address, std::uint64_t bytes) const override {
            virtually("allow_access", [&](auto const& b) { b.allow_access(address, bytes); });
        }
        void unmap(std::uintptr_t address, std::uint64_t bytes) const override {
            virtually("unmap", [&](auto const& b) { b.unmap(address, bytes); });
        }

        fence record(stream_ref stream) const override {
            if constexpr (fence_backend<Backend>) {
                return backend.record(stream);
            } else {
                return {};
            }
        }
        bool passed(fence f) const override {
            if constexpr (fence_backend<Backend>) {
                return backend.passed(f);
            } else {
                return true;
            }
        }
        void make_wait(stream_ref stream, fence f) const override {
            if constexpr (fence_backend<Backend>) {
                backend.make_wait(stream, f);
            }
        }
        void wait(fence f) const override {
            if constexpr (fence_backend<Backend>) {
                backend.wait(f);
            }
        }
        void forget(fence f) const noexcept override {
            if constexpr (fence_backend<Backend>) {
                backend.forget(f);
            }
        }
        bool capturing(stream_ref stream) const override {
            if constexpr (capturing_backend<Backend>) {
                return backend.capturing(stream);
            } else {
                return false;
            }
        }

        bool equals(interface const& other) const override {
            auto const* const same = dynamic_cast<model const*>(&other);
            return same != nullptr && same->backend == backend;
        }

        /// `work(backend)` if the backend has virtual memory management.
        template<class Work>
        auto virtually([[maybe_unused]] char const* call, [[maybe_unused]] Work const& work) const {
            if constexpr (vmm_backend<Backend>) {
                return work(backend);
            } else {
                return lacking(call);
            }
        }

        Backend backend;
    };

    /// Converts to whatever the caller should have got.
    struct nothing {
        operator std::uintptr_t() const noexcept { return 0; }
        operator physical_memory() const noexcept { return {}; }
    };

    static nothing lacking(char const* call) {
        throw backend_error{error::unavailable, call, 0,
                            std::string{call} + ": this device has no virtual memory management; ask granule_bytes() "
                                                "first"};
    }

    std::shared_ptr<interface const> backend_;
};
static_assert(vmm_backend<device> && capturing_backend<device>);

} // namespace orfeas::inline v0::memory
