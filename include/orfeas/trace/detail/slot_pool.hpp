// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace orfeas::inline v0::trace::detail {

/// What an object needs to live in a slot_pool.
struct pool_links {
    std::atomic<std::uint32_t> next_free{0}; ///< 1 + the index of the next free slot, 0 at the end of the list
    std::uint32_t pool_index = 0;
};

/// Equal objects, made in slabs up to a limit and then taken and given back for ever without a lock: a stack of free
/// slots whose head carries a tag against the ABA problem (R. K. Treiber, IBM RJ 5118, 1986). `T` derives from
/// pool_links. Objects are constructed once and are reused as they were left.
/// Thread-safe.
template<class T>
class slot_pool {
  public:
    /// A pool of at most `limit` objects; makes none yet.
    explicit slot_pool(std::uint32_t limit) : limit_{limit}, slabs_((limit + slab_size - 1) / slab_size) {}

    /// A free object, or null when all are in use or memory is short. Allocates only while the pool grows.
    T* take() noexcept {
        do {
            std::uint64_t head = free_.load(std::memory_order_acquire);
            while (index_of(head) != 0) {
                T& top = at(index_of(head) - 1);
                std::uint64_t const next = tagged(head, top.next_free.load(std::memory_order_relaxed));
                if (free_.compare_exchange_weak(head, next, std::memory_order_acquire)) {
                    return &top;
                }
            }
        } while (grow());
        return nullptr;
    }

    void give(T& object) noexcept {
        std::uint64_t head = free_.load(std::memory_order_relaxed);
        do {
            object.next_free.store(index_of(head), std::memory_order_relaxed);
        } while (!free_.compare_exchange_weak(head, tagged(head, object.pool_index + 1), std::memory_order_release,
                                              std::memory_order_relaxed));
    }

    std::uint32_t limit() const noexcept { return limit_; }

  private:
    static constexpr std::uint32_t slab_size = 16;

    static std::uint32_t index_of(std::uint64_t head) noexcept { return static_cast<std::uint32_t>(head); }
    static std::uint64_t tagged(std::uint64_t previous, std::uint32_t index) noexcept {
        return (((previous >> 32U) + 1) << 32U) | index;
    }

    T& at(std::uint32_t index) noexcept { return slabs_[index / slab_size][index % slab_size]; }

    /// True when another attempt is worth while.
    bool grow() noexcept {
        std::lock_guard const hold{growing_};
        if (index_of(free_.load(std::memory_order_acquire)) != 0) {
            return true;
        }
        if (made_ == limit_) {
            return false;
        }
        std::uint32_t const count = std::min(slab_size, limit_ - made_);
        auto& slab = slabs_[made_ / slab_size];
        slab.reset(new (std::nothrow) T[count]());
        if (!slab) {
            return false;
        }
        std::uint32_t const first = made_;
        made_ += count;
        for (std::uint32_t i = 0; i < count; ++i) {
            slab[i].pool_index = first + i;
            give(slab[i]);
        }
        return true;
    }

    std::uint32_t const limit_;
    std::atomic<std::uint64_t> free_{0};
    std::mutex growing_;
    std::uint32_t made_ = 0;
    std::vector<std::unique_ptr<T[]>> slabs_;
};

} // namespace orfeas::inline v0::trace::detail
