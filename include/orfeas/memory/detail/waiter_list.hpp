// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/memory_waiter.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>

namespace orfeas::inline v0::memory::detail {

/// Those who wait for a resource's memory. Telling nobody costs one load.
/// Thread-safe. Nobody is missed if both a deallocation and a request take one mutex, a waiter is added before its request,
/// and `tell_all` is called after the deallocation.
class waiter_list {
  public:
    waiter_list() = default;
    waiter_list(waiter_list const&) = delete;
    waiter_list& operator=(waiter_list const&) = delete;
    ~waiter_list() { ORFEAS_ASSERT(first_ == nullptr, "who waits for memory is removed before the resource ends"); }

    void add(memory_waiter& waiter) noexcept {
        std::scoped_lock const lock{mutex_};
        waiter.previous_ = nullptr;
        waiter.next_ = first_;
        if (first_ != nullptr) {
            first_->previous_ = &waiter;
        }
        first_ = &waiter;
        count_.fetch_add(1, std::memory_order_relaxed);
    }

    /// When this returns, the waiter is not called any more.
    void remove(memory_waiter& waiter) noexcept {
        std::scoped_lock const lock{mutex_};
        (waiter.previous_ == nullptr ? first_ : waiter.previous_->next_) = waiter.next_;
        if (waiter.next_ != nullptr) {
            waiter.next_->previous_ = waiter.previous_;
        }
        count_.fetch_sub(1, std::memory_order_relaxed);
    }

    void tell_all() noexcept {
        if (count_.load(std::memory_order_relaxed) == 0) [[likely]] {
            return;
        }
        std::scoped_lock const lock{mutex_};
        for (auto* each = first_; each != nullptr; each = each->next_) {
            each->on_memory_back();
        }
    }

    std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    std::mutex mutex_;
    memory_waiter* first_ = nullptr;
    std::atomic<std::size_t> count_{0};
};

} // namespace orfeas::inline v0::memory::detail
