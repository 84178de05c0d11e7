// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>

namespace orfeas::inline v0::memory::detail {

/// A place in one listener_list. Base of what is listed.
template<class Listener>
class listed {
  private:
    template<class>
    friend class listener_list;

    Listener* next_ = nullptr;
    Listener* previous_ = nullptr;
};

/// Those who are told of something, in the order in which they were added. Telling nobody costs one load.
///
/// Nobody is missed if what is told of and what a listener does about it both take one mutex, the listener is added before,
/// and `tell_all` is called after.
/// Thread-safe.
template<class Listener>
class listener_list {
  public:
    listener_list() = default;
    listener_list(listener_list const&) = delete;
    listener_list& operator=(listener_list const&) = delete;
    ~listener_list() { ORFEAS_ASSERT(first_ == nullptr, "listeners are removed before the resource ends"); }

    void add(Listener& listener) noexcept {
        std::scoped_lock const lock{mutex_};
        links(listener).previous_ = last_;
        links(listener).next_ = nullptr;
        (last_ == nullptr ? first_ : links(*last_).next_) = &listener;
        last_ = &listener;
        count_.fetch_add(1, std::memory_order_relaxed);
    }

    /// When this returns, the listener is not called any more.
    void remove(Listener& listener) noexcept {
        std::scoped_lock const lock{mutex_};
        auto const& gone = links(listener);
        (gone.previous_ == nullptr ? first_ : links(*gone.previous_).next_) = gone.next_;
        (gone.next_ == nullptr ? last_ : links(*gone.next_).previous_) = gone.previous_;
        count_.fetch_sub(1, std::memory_order_relaxed);
    }

    /// Calls tell(listener) for each.
    template<class Tell>
    void tell_all(Tell tell) noexcept {
        if (count_.load(std::memory_order_relaxed) == 0) [[likely]] {
            return;
        }
        std::scoped_lock const lock{mutex_};
        for (auto* each = first_; each != nullptr; each = links(*each).next_) {
            tell(*each);
        }
    }

    std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    static listed<Listener>& links(Listener& listener) noexcept { return listener; }

    std::mutex mutex_;
    Listener* first_ = nullptr;
    Listener* last_ = nullptr;
    std::atomic<std::size_t> count_{0};
};

} // namespace orfeas::inline v0::memory::detail
