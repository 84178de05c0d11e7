// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace orfeas::inline v0::observe {

/// Calls a function once an interval on an executor, as one coroutine that `stop()` ends and joins. The calls keep to
/// the grid of start + n × interval: a late one does not delay those after it, and points that were missed are skipped.
/// Thread-safe. The calls never overlap.
template<class Executor = boost::asio::any_io_executor>
class basic_sampling_loop {
  public:
    basic_sampling_loop(Executor executor, std::chrono::milliseconds interval, std::function<void()> tick)
        : state_{std::make_shared<state>(std::move(executor), interval, std::move(tick))} {}

    basic_sampling_loop(basic_sampling_loop const&) = delete;
    basic_sampling_loop& operator=(basic_sampling_loop const&) = delete;

    /// A loop that was not stopped makes no further call, but does not wait for one under way.
    ~basic_sampling_loop() {
        boost::asio::post(state_->strand, [held = state_] { held->cancel(); });
    }

    /// Makes the first call as soon as the executor runs, then one each interval. To be called once.
    void start() { boost::asio::co_spawn(state_->strand, run(state_), boost::asio::detached); }

    /// Ends the loop. Completes when no call is under way and none will follow; completes at once when it is not running.
    /// Resumes on the caller's executor. Not cancellable.
    boost::asio::awaitable<void, Executor> stop() {
        auto stopping = finish(state_);
        co_await boost::asio::co_spawn(state_->strand, std::move(stopping), use);
    }

  private:
    using strand_type = boost::asio::strand<Executor>;
    using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;
    static constexpr boost::asio::use_awaitable_t<Executor> use{};
    static constexpr boost::asio::use_awaitable_t<strand_type> use_on_strand{};

    struct state {
        state(Executor executor, std::chrono::milliseconds every, std::function<void()> call)
            : strand{boost::asio::make_strand(std::move(executor))},
              next{strand},
              finished{strand, std::chrono::steady_clock::time_point::max()},
              interval{every},
              tick{std::move(call)} {}

        void cancel() {
            stopping = true;
            next.cancel();
        }

        strand_type strand;
        timer next;
        timer finished; // never expires: cancelled when the loop has ended
        std::chrono::milliseconds interval;
        std::function<void()> tick;
        bool running = false;
        bool stopping = false;
    };

    static boost::asio::awaitable<void, strand_type> run(std::shared_ptr<state> s) {
        s->running = true;
        auto due = std::chrono::steady_clock::now();
        while (!s->stopping) {
            s->tick();
            due += s->interval;
            auto const now = std::chrono::steady_clock::now();
            if (due < now) {
                due += (now - due) / s->interval * s->interval + s->interval;
            }
            s->next.expires_at(due);
            co_await s->next.async_wait(boost::asio::as_tuple(use_on_strand));
        }
        s->running = false;
        s->finished.cancel();
    }

    static boost::asio::awaitable<void, strand_type> finish(std::shared_ptr<state> s) {
        s->cancel();
        while (s->running) {
            co_await s->finished.async_wait(boost::asio::as_tuple(use_on_strand));
        }
    }

    std::shared_ptr<state> state_;
};

using sampling_loop = basic_sampling_loop<>;

} // namespace orfeas::inline v0::observe
