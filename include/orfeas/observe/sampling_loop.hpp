// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/observe/detail/stoppable_loop.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace orfeas::inline v0::observe {

/// Calls a function once an interval on an executor, as one coroutine that `stop()` ends and joins. The calls keep to
/// the grid of start + n × interval: a late one does not delay those after it, and points that were missed are skipped.
/// A call that throws is followed by the next one like any other.
/// Thread-safe. The calls never overlap.
template<class Executor = boost::asio::any_io_executor>
class basic_sampling_loop {
  public:
    basic_sampling_loop(Executor executor, std::chrono::milliseconds interval, std::function<void()> tick)
        : state_{std::make_shared<state>(std::move(executor), interval, std::move(tick))} {}

    basic_sampling_loop(basic_sampling_loop const&) = delete;
    basic_sampling_loop& operator=(basic_sampling_loop const&) = delete;

    /// A loop that was not stopped ends by itself soon after: await `stop` before what the calls use goes away.
    ~basic_sampling_loop() { loop::abandon(state_); }

    /// Makes the first call as soon as the executor runs, then one each interval. To be called once.
    void start() { loop::start(state_, &run); }

    /// Ends the loop. Completes when no call is under way and none will follow; completes at once when it is not running.
    /// Resumes on the caller's executor. Not cancellable.
    boost::asio::awaitable<void, Executor> stop() { return loop::stop(state_); }

  private:
    using loop = detail::stoppable_loop<Executor>;

    struct state : loop {
        state(Executor executor, std::chrono::milliseconds every, std::function<void()> call)
            : loop{std::move(executor)}, interval{every}, tick{std::move(call)} {}

        std::chrono::milliseconds interval;
        std::function<void()> tick;
    };

    static typename loop::template awaitable<void> run(std::shared_ptr<state> s) {
        auto due = std::chrono::steady_clock::now();
        while (!s->is_stopping()) {
            call(s->tick);
            due += s->interval;
            auto const now = std::chrono::steady_clock::now();
            if (due < now) {
                due += (now - due) / s->interval * s->interval + s->interval;
            }
            co_await s->wait_until(due);
        }
    }

    static void call(std::function<void()> const& tick) noexcept {
        try {
            tick();
        } catch (...) { // one component that cannot be measured now must not end the watch of all
        }
    }

    std::shared_ptr<state> state_;
};

using sampling_loop = basic_sampling_loop<>;

} // namespace orfeas::inline v0::observe
