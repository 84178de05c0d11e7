// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/deadline_after.hpp>
#include <orfeas/memory/memory_waiter.hpp>
#include <orfeas/memory/retry_with_split.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace orfeas::inline v0::memory {

namespace detail {

/// Blocks a thread until memory comes back. Added to its resource as long as it lives.
template<waitable_resource Resource>
class blocking_waiter final : public memory_waiter {
  public:
    explicit blocking_waiter(Resource& resource) noexcept : resource_{resource} { resource_.add_waiter(*this); }
    ~blocking_waiter() override { resource_.remove_waiter(*this); }

    void on_memory_back() noexcept override {
        {
            std::scoped_lock const lock{mutex_};
            back_ = true;
        }
        changed_.notify_one();
    }

    /// True when memory came back since the last call, false when the time is over.
    bool wait_until(std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock{mutex_};
        auto const came = changed_.wait_until(lock, deadline, [this] { return back_; });
        back_ = false;
        return came;
    }

  private:
    Resource& resource_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool back_ = false;
};

template<waitable_resource Resource, class Retry, class Ask>
void* allocate_blocking(Resource& resource, std::chrono::nanoseconds timeout, std::size_t bytes, Retry const& retry,
                        Ask const& ask) {
    if (void* const p = retry()) {
        return p;
    }
    auto const deadline = deadline_after(timeout);
    blocking_waiter waiter{resource};
    while (bytes <= resource.limit_bytes()) { // more than there is does not come by waiting
        if (void* const p = retry()) {
            return p;
        }
        if (std::chrono::steady_clock::now() >= deadline || !waiter.wait_until(deadline)) {
            break;
        }
    }
    return allocate_or_split(ask);
}

} // namespace detail

/// Memory of a resource; where there is none, waits until others have deallocated enough, at most for `timeout`. Blocks the
/// calling thread; coroutines have <orfeas/memory/asio.hpp>. Whoever waits is woken by each deallocation, the one who
/// came first before the others; who of the threads asks first then is the system's to say. Throws retry_with_split, or out_of_memory when not even half of the bytes is there.
template<waitable_resource Resource>
void* allocate_within(Resource& resource, std::chrono::nanoseconds timeout, std::size_t bytes,
                      std::size_t alignment = alignof(std::max_align_t), allocation_hint hint = {}) {
    return detail::allocate_blocking(
        resource, timeout, bytes, [&] { return resource.retry_allocate(bytes, alignment, hint); },
        [&] { return resource.allocate(bytes, alignment, hint); });
}

/// As above, for work of `stream`.
template<waitable_resource Resource>
void* allocate_within(Resource& resource, std::chrono::nanoseconds timeout, stream_ref stream, std::size_t bytes,
                      std::size_t alignment = alignof(std::max_align_t), allocation_hint hint = {})
    requires stream_ordered_resource<Resource>
{
    return detail::allocate_blocking(
        resource, timeout, bytes, [&] { return resource.retry_allocate(stream, bytes, alignment, hint); },
        [&] { return resource.allocate(stream, bytes, alignment, hint); });
}

} // namespace orfeas::inline v0::memory
