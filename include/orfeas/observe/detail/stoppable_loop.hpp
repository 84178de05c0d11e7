// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace orfeas::inline v0::observe::detail {

/// What coroutines that do something again and again have in common: a strand that they run on, and how they wait and end.
/// A loop's state derives from it; the coroutine shares the state with the object that starts and stops it.
/// Executor-bound: call only from `strand`, but for `start`, `stop` and `abandon`.
template<class Executor>
class stoppable_loop {
  public:
    using strand_type = boost::asio::strand<Executor>;
    template<class T>
    using awaitable = boost::asio::awaitable<T, strand_type>;
    static constexpr boost::asio::use_awaitable_t<strand_type> use_on_strand{};

    explicit stoppable_loop(Executor executor)
        : strand{boost::asio::make_strand(std::move(executor))}, next_{strand}, ended_{strand, monotonic_time::max()} {}

    strand_type const strand;

    bool is_stopping() const noexcept { return is_stopping_; }

    /// Until that moment, or until the loop is stopped.
    awaitable<void> wait_until(monotonic_time moment) {
        next_.expires_at(moment);
        co_await next_.async_wait(boost::asio::as_tuple(use_on_strand));
    }

    /// Begins `body(state)`, which returns when `is_stopping`. To be called once.
    template<class State>
    static void start(std::shared_ptr<State> const& state, awaitable<void> (*body)(std::shared_ptr<State>)) {
        boost::asio::co_spawn(state->strand, run(state, body), boost::asio::detached);
    }

    /// Ends the loop. Completes when it does not run any more; at once when it does not run. Not cancellable.
    static boost::asio::awaitable<void, Executor> stop(std::shared_ptr<stoppable_loop> loop) {
        auto ending = end(loop);
        co_await boost::asio::co_spawn(loop->strand, std::move(ending), boost::asio::use_awaitable_t<Executor>{});
    }

    /// Ends the loop soon.
    static void abandon(std::shared_ptr<stoppable_loop> const& loop) {
        boost::asio::post(loop->strand, [loop] { loop->cancel(); });
    }

  private:
    using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;

    /// That the loop runs; also where it ends by an exception.
    class presence {
      public:
        explicit presence(stoppable_loop& of) noexcept : of_{of} { of_.is_running_ = true; }
        presence(presence const&) = delete;
        presence& operator=(presence const&) = delete;
        ~presence() {
            of_.is_running_ = false;
            of_.ended_.cancel();
        }

      private:
        stoppable_loop& of_;
    };

    template<class State>
    static awaitable<void> run(std::shared_ptr<State> state, awaitable<void> (*body)(std::shared_ptr<State>)) {
        presence const here{*state};
        co_await body(state);
    }

    static awaitable<void> end(std::shared_ptr<stoppable_loop> loop) {
        loop->cancel();
        while (loop->is_running_) {
            co_await loop->ended_.async_wait(boost::asio::as_tuple(use_on_strand));
        }
    }

    void cancel() {
        is_stopping_ = true;
        next_.cancel();
    }

    timer next_;
    timer ended_; // never expires: cancelled when the loop has ended
    bool is_running_ = false;
    bool is_stopping_ = false;
};

} // namespace orfeas::inline v0::observe::detail
