// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/resource_adaptor.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::memory {

/// Gives out at most a number of bytes of another resource, as they were asked for: a share of a pool for one model or
/// tenant. What would go beyond is refused without asking the resource below. The limit is exact under threads, but a
/// request counts while it is being served, so one that the resource below then refuses may have another refused meanwhile.
///
/// The resource below must outlive it. Equal to itself alone.
/// Thread-safe.
template<memory_resource Resource>
class limiting_resource : public detail::resource_adaptor<limiting_resource<Resource>, Resource> {
    using base = detail::resource_adaptor<limiting_resource, Resource>;
    friend base;

  public:
    limiting_resource(Resource& upstream, std::uint64_t limit_bytes) noexcept : base{upstream}, limit_{limit_bytes} {}

    std::uint64_t limit_bytes() const noexcept { return limit_; }

    /// Asked for by live allocations and by requests that are being served.
    std::uint64_t used_bytes() const noexcept { return used_.load(std::memory_order_relaxed); }

  private:
    bool reserve(std::uint64_t bytes) noexcept {
        auto used = used_.load(std::memory_order_relaxed);
        do {
            if (bytes > limit_ - used) {
                return false;
            }
        } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
        return true;
    }

    void release(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

    void* take(std::size_t bytes, std::size_t alignment, auto get) {
        if (!reserve(bytes)) {
            throw out_of_memory{{.requested_bytes = bytes,
                                 .alignment = alignment,
                                 .total_bytes = limit_,
                                 .reserved_bytes = used_bytes(),
                                 .allocated_bytes = used_bytes()},
                                "limit on a resource"};
        }
        try {
            return get();
        } catch (...) {
            release(bytes);
            throw;
        }
    }

    void* try_take(std::size_t bytes, std::size_t /*alignment*/, auto get) noexcept {
        if (!reserve(bytes)) {
            return nullptr;
        }
        void* const p = get();
        if (p == nullptr) {
            release(bytes);
        }
        return p;
    }

    void give(void* /*p*/, std::size_t bytes, std::size_t /*alignment*/, auto give_back) noexcept {
        ORFEAS_ASSERT(used_bytes() >= bytes,
                      "deallocate what was allocated through this limit, with the same size and once");
        give_back();
        release(bytes); // not before: the resource below never holds more than the limit
    }

    std::uint64_t limit_;
    std::atomic<std::uint64_t> used_{0};
};
static_assert(copying_resource<limiting_resource<heap_resource>>);

} // namespace orfeas::inline v0::memory
