// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// Any backend, chosen at run time: itself a `memory_backend`. Copies are handles on the same backend.
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
        bool equals(interface const& other) const override {
            auto const* const same = dynamic_cast<model const*>(&other);
            return same != nullptr && same->backend == backend;
        }

        Backend backend;
    };

    std::shared_ptr<interface const> backend_;
};
static_assert(memory_backend<device>);

} // namespace orfeas::inline v0::memory
