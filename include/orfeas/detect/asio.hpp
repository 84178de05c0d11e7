// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

/// Verdicts for coroutines. Needs Boost.Asio.

namespace orfeas::inline v0::detect {

/// A sample with what its detector said of it.
struct judged_sample {
    std::chrono::nanoseconds time{};
    verdict said{};
};

/// A detector between who has samples and a coroutine that waits for its verdicts.
///
///     detect::verdict_stream verdicts{executor, detect::outlier_detector{}};
///     // who samples:   verdicts.push({time, value});
///     // who listens:   while (auto const next = co_await verdicts.next()) …
///
/// Each sample is judged at once, so that a slow listener misses verdicts and the detector no sample: of more than `capacity`
/// verdicts that wait the oldest is dropped, and counted.
/// Executor-bound: call only from the executor, a strand where it has several threads.
template<class Judge, class Executor = boost::asio::any_io_executor>
    requires detector<Judge> || vector_detector<Judge>
class verdict_stream {
  public:
    /// At least one verdict may wait.
    verdict_stream(Executor executor, Judge judge, std::size_t capacity = 64)
        : judge_{std::move(judge)}, capacity_{capacity}, arrival_{std::move(executor), time_point::max()} {
        ORFEAS_ASSERT(capacity > 0, "a stream of verdicts holds at least one");
    }
    verdict_stream(verdict_stream const&) = delete;
    verdict_stream& operator=(verdict_stream const&) = delete;

    /// Judges a sample; its verdict goes to who waits for the next one. After `close` it goes to nobody.
    /// Throws what the detector throws, and std::bad_alloc.
    verdict push(sample const& each)
        requires detector<Judge>
    {
        return add(each.time, judge_.update(each));
    }
    verdict push(vector_sample const& each)
        requires vector_detector<Judge>
    {
        return add(each.time, judge_.update(each));
    }

    /// The oldest verdict that nobody has taken, as soon as there is one; empty when the stream is closed and all were taken,
    /// and when the wait is cancelled. One coroutine waits at a time.
    boost::asio::awaitable<std::optional<judged_sample>, Executor> next() {
        bool const throws = co_await boost::asio::this_coro::throw_if_cancelled();
        co_await boost::asio::this_coro::throw_if_cancelled(false); // it holds for the caller, too
        bool const is_over = co_await wait();
        co_await boost::asio::this_coro::throw_if_cancelled(throws);
        if (!is_over) {
            co_return std::nullopt;
        }
        co_return take();
    }

    /// No more verdicts will come; who waits is told.
    void close() {
        is_closed_ = true;
        arrival_.cancel();
    }

    /// Verdicts that were dropped since nobody took them.
    std::uint64_t dropped() const noexcept { return dropped_; }

    /// What judges, for saving its state.
    Judge const& judge() const noexcept { return judge_; }

  private:
    using time_point = std::chrono::steady_clock::time_point;
    using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

    /// Until a verdict waits, or none will come; false when it was cancelled.
    boost::asio::awaitable<bool, Executor> wait() {
        constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
        while (waiting_.empty() && !is_closed_) {
            co_await arrival_.async_wait(token); // which ends by an arrival, by closing, or by cancellation
            auto const state = co_await boost::asio::this_coro::cancellation_state;
            if (state.cancelled() != boost::asio::cancellation_type::none) {
                co_return false;
            }
        }
        co_return true;
    }

    verdict add(std::chrono::nanoseconds time, verdict const& said) {
        if (is_closed_) {
            return said;
        }
        if (waiting_.size() == capacity_) {
            waiting_.pop_front();
            ++dropped_;
        }
        waiting_.push_back({time, said});
        arrival_.cancel();
        return said;
    }

    std::optional<judged_sample> take() {
        if (waiting_.empty()) {
            return std::nullopt;
        }
        std::optional<judged_sample> const oldest{waiting_.front()};
        waiting_.pop_front();
        return oldest;
    }

    Judge judge_;
    std::size_t capacity_;
    timer arrival_; // never expires: cancelled when there is something to look at
    std::deque<judged_sample> waiting_;
    std::uint64_t dropped_ = 0;
    bool is_closed_ = false;
};

} // namespace orfeas::inline v0::detect
