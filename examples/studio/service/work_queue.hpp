// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace studio {

/// Threads for the work that would block the server's, and a bound on how much of it may be waiting.
/// Thread-safe.
class work_queue {
  public:
    /// A place in the queue, given back when it ends. Move-only.
    class place {
      public:
        explicit place(work_queue& queue) noexcept : queue_{&queue} {}
        place(place&& other) noexcept : queue_{std::exchange(other.queue_, nullptr)} {}
        place& operator=(place&&) = delete;
        ~place() {
            if (queue_ != nullptr) {
                queue_->depth_.fetch_sub(1, std::memory_order_relaxed);
            }
        }

      private:
        work_queue* queue_;
    };

    work_queue(std::uint32_t workers, std::uint32_t capacity) : capacity_{capacity}, threads_{workers} {}

    /// A place, if the queue has one left.
    std::optional<place> try_enter() noexcept {
        auto depth = depth_.load(std::memory_order_relaxed);
        do {
            if (depth >= capacity_) {
                rejected_.fetch_add(1, std::memory_order_relaxed);
                return std::nullopt;
            }
        } while (!depth_.compare_exchange_weak(depth, depth + 1, std::memory_order_relaxed));
        return std::optional<place>{std::in_place, *this};
    }

    /// Continues the awaiting coroutine on one of the threads.
    orfeas::task<void> enter_thread() {
        co_await boost::asio::post(boost::asio::bind_executor(threads_.get_executor(), boost::asio::use_awaitable));
    }

    /// Waits until the threads have finished what they have begun.
    void join() { threads_.join(); }

    void measure(orfeas::measurement_sink sink) const {
        using orfeas::measurement_kind, orfeas::unit;
        sink({"queue_depth",
              measurement_kind::gauge,
              unit::none,
              static_cast<double>(depth_.load(std::memory_order_relaxed)),
              {},
              "requests that wait or are worked on"});
        sink({"queue_capacity",
              measurement_kind::gauge,
              unit::none,
              static_cast<double>(capacity_),
              {},
              "requests that may wait or be worked on"});
        sink({"queue_rejected_total",
              measurement_kind::counter,
              unit::none,
              static_cast<double>(rejected_.load(std::memory_order_relaxed)),
              {},
              "requests that found no place"});
    }

  private:
    std::uint32_t const capacity_;
    std::atomic<std::uint32_t> depth_ = 0;
    std::atomic<std::uint64_t> rejected_ = 0;
    boost::asio::thread_pool threads_;
};
static_assert(orfeas::measurable<work_queue>);

} // namespace studio
