// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/by_priority.hpp>
#include <orfeas/memory/detail/deadline_after.hpp>
#include <orfeas/memory/memory_waiter.hpp>
#include <orfeas/memory/retry_with_split.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace orfeas::inline v0::memory {

namespace detail {

/// Wakes a coroutine when memory comes back, or at a time. The timer and its waits live on a strand; who gives memory back
/// only posts to it.
class coroutine_alarm : public std::enable_shared_from_this<coroutine_alarm> {
  public:
    explicit coroutine_alarm(boost::asio::any_io_executor const& executor)
        : strand_{boost::asio::make_strand(executor)}, timer_{strand_} {}

    void ring() noexcept {
        if (posted_.exchange(true)) {
            return; // it will ring
        }
        try {
            boost::asio::post(strand_, [self = shared_from_this()] {
                self->posted_ = false;
                self->rung_ = true;
                self->timer_.cancel();
            });
        } catch (std::exception const&) { // no memory to say so: the coroutine looks again at its deadline
            posted_ = false;
        }
    }

    /// True when it rang since the last call, false at the deadline. Throws operation_aborted when the caller is cancelled.
    boost::asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point deadline) {
        auto waiting = wait(shared_from_this(), deadline);
        auto const rung = co_await boost::asio::co_spawn(strand_, std::move(waiting), boost::asio::use_awaitable);
        co_return rung;
    }

  private:
    static boost::asio::awaitable<bool> wait(std::shared_ptr<coroutine_alarm> self,
                                             std::chrono::steady_clock::time_point deadline) {
        if (!self->rung_) {
            boost::system::error_code ended;
            self->timer_.expires_at(deadline);
            co_await self->timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
            if (ended && !self->rung_) {
                throw boost::system::system_error{ended};
            }
        }
        co_return std::exchange(self->rung_, false);
    }

    boost::asio::strand<boost::asio::any_io_executor> strand_;
    boost::asio::steady_timer timer_;
    std::atomic<bool> posted_{false};
    bool rung_ = false; // the strand's
};

/// Rings an alarm whenever memory comes back to a resource. Added to it as long as it lives.
template<waitable_resource Resource>
class alarm_ringer final : public memory_waiter {
  public:
    alarm_ringer(Resource& resource, coroutine_alarm& alarm) noexcept : resource_{resource}, alarm_{alarm} {
        resource_.add_waiter(*this);
    }
    ~alarm_ringer() override { resource_.remove_waiter(*this); }

    void on_memory_back() noexcept override { alarm_.ring(); }

  private:
    Resource& resource_;
    coroutine_alarm& alarm_;
};

} // namespace detail

/// Memory for coroutines: where there is none, asks reclaimers that are awaited (a model that is unloaded, a KV cache that
/// is spilled to the host), and then waits until others have deallocated enough. No thread is blocked but by what the
/// resource itself does before it refuses (a pool waits for streams and asks its own reclaimers).
///
/// Those who wait are woken by each deallocation, the one who came first before the others: on an executor of one thread they
/// ask in that order.
///
/// The resource must outlive it, and it must outlive its requests. Requests resume on their own executors; a request whose
/// coroutine is cancelled while it waits ends with operation_aborted.
/// Thread-safe.
template<waitable_resource Resource>
class awaiting_allocator {
  public:
    template<class T>
    using awaitable = boost::asio::awaitable<T>;

    /// Frees memory of the resource that its owner can do without: asked for bytes, it answers how many it deallocated.
    /// Several requests may have it running at a time. It must not ask this allocator for memory.
    using reclaimer = std::function<awaitable<std::uint64_t>(std::uint64_t)>;

    explicit awaiting_allocator(Resource& resource) noexcept : resource_{resource} {}

    awaiting_allocator(awaiting_allocator const&) = delete;
    awaiting_allocator& operator=(awaiting_allocator const&) = delete;

    /// Adds a way to free memory; the lowest `priority` is asked first.
    void add_reclaimer(int priority, reclaimer reclaim) {
        auto made = std::make_shared<reclaimer const>(std::move(reclaim));
        std::scoped_lock const lock{mutex_};
        reclaimers_.add(priority, std::move(made));
    }

    /// Memory that belongs to the caller, to be deallocated through the resource. Waits at most for `timeout`; what
    /// reclaimers take is not cut short by it. Throws retry_with_split, or out_of_memory when not even half of the bytes
    /// is there. A reclaimer that throws has freed nothing.
    awaitable<void*> allocate(std::chrono::nanoseconds timeout, std::size_t bytes,
                              std::size_t alignment = alignof(std::max_align_t), allocation_hint hint = {}) {
        return climb(request{resource_, bytes, alignment, hint}, timeout);
    }

    /// As above, for work of `stream`.
    awaitable<void*> allocate(std::chrono::nanoseconds timeout, stream_ref stream, std::size_t bytes,
                              std::size_t alignment = alignof(std::max_align_t), allocation_hint hint = {})
        requires stream_ordered_resource<Resource>
    {
        return climb(request{resource_, bytes, alignment, hint, stream}, timeout);
    }

    Resource& resource() const noexcept { return resource_; }

  private:
    using by_priority = detail::by_priority<std::shared_ptr<reclaimer const>>;

    struct request {
        Resource& resource;
        std::size_t bytes;
        std::size_t alignment;
        allocation_hint hint;
        std::optional<stream_ref> stream{};

        void* retry() const noexcept {
            if constexpr (stream_ordered_resource<Resource>) {
                if (stream) {
                    return resource.retry_allocate(*stream, bytes, alignment, hint);
                }
            }
            return resource.retry_allocate(bytes, alignment, hint);
        }
        void* ask() const {
            if constexpr (stream_ordered_resource<Resource>) {
                if (stream) {
                    return resource.allocate(*stream, bytes, alignment, hint);
                }
            }
            return resource.allocate(bytes, alignment, hint);
        }
    };

    awaitable<void*> climb(request asked, std::chrono::nanoseconds timeout) {
        if (void* const p = asked.retry()) {
            co_return p;
        }
        if (asked.bytes <= resource_.limit_bytes()) { // more than there is does not come by waiting
            auto reclaiming = reclaim(asked);
            if (void* const p = co_await std::move(reclaiming)) {
                co_return p;
            }
            auto waiting = wait(asked, timeout);
            if (void* const p = co_await std::move(waiting)) {
                co_return p;
            }
        }
        co_return detail::allocate_or_split([&] { return asked.ask(); });
    }

    awaitable<void*> reclaim(request const& asked) {
        auto const reclaimers = snapshot();
        for (auto const& each : reclaimers) {
            auto asking = ask(*each.value, asked.bytes);
            auto const freed = co_await std::move(asking);
            if (freed == 0) {
                continue;
            }
            if (void* const p = asked.retry()) {
                co_return p;
            }
        }
        co_return nullptr;
    }

    static awaitable<std::uint64_t> ask(reclaimer const& reclaim, std::uint64_t bytes) {
        try {
            auto freeing = reclaim(bytes);
            auto const freed = co_await std::move(freeing);
            co_return freed;
        } catch (...) { // also a cancelled one: the caller's own cancellation shows at its next wait
            co_return 0;
        }
    }

    awaitable<void*> wait(request const& asked, std::chrono::nanoseconds timeout) {
        auto const deadline = detail::deadline_after(timeout);
        auto const executor = co_await boost::asio::this_coro::executor;
        auto const alarm = std::make_shared<detail::coroutine_alarm>(executor);
        detail::alarm_ringer<Resource> ringer{resource_, *alarm};
        while (asked.bytes <= resource_.limit_bytes()) {
            if (void* const p = asked.retry()) {
                co_return p;
            }
            if (std::chrono::steady_clock::now() >= deadline) {
                break;
            }
            auto waiting = alarm->wait_until(deadline);
            bool const rung = co_await std::move(waiting);
            if (!rung) {
                break;
            }
        }
        co_return nullptr;
    }

    by_priority snapshot() const {
        std::scoped_lock const lock{mutex_};
        return reclaimers_;
    }

    Resource& resource_;
    mutable std::mutex mutex_;
    by_priority reclaimers_;
};

} // namespace orfeas::inline v0::memory
