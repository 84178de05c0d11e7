// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/observe/detail/stoppable_loop.hpp>
#include <orfeas/observe/lag_statistics.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace orfeas::inline v0::observe {

/// Measures how late an executor is: once an interval it sets a timer and then posts a function, and notes how long after
/// their time they ran. On an executor with several threads a probe is late when all of them are busy.
/// One coroutine, which `stop()` ends and joins.
/// Thread-safe.
template<class Executor = boost::asio::any_io_executor>
class basic_executor_lag {
  public:
    /// Asio's executors do not tell how many functions wait; who has an executor that does passes `queue_length`, which may be
    /// called from any thread, and outlives this.
    explicit basic_executor_lag(Executor executor, std::chrono::milliseconds interval = std::chrono::milliseconds{250},
                                std::function<std::size_t()> queue_length = {})
        : state_{std::make_shared<state>(std::move(executor), interval)}, queue_length_{std::move(queue_length)} {}

    basic_executor_lag(basic_executor_lag const&) = delete;
    basic_executor_lag& operator=(basic_executor_lag const&) = delete;

    /// Probes that were not stopped end by themselves soon after.
    ~basic_executor_lag() { loop::abandon(state_); }

    /// Begins to probe as soon as the executor runs. To be called once.
    void start() { loop::start(state_, &run); }

    /// Ends the probing. Completes when no probe is under way and none will follow; completes at once when it is not running.
    /// Resumes on the caller's executor. Not cancellable.
    boost::asio::awaitable<void, Executor> stop() { return loop::stop(state_); }

    /// Reports runtime_executor_lag_seconds, and runtime_executor_queue_length where that can be had.
    void measure(measurement_sink sink) const {
        state_->lags.measure(sink);
        if (queue_length_) {
            sink({"runtime_executor_queue_length",
                  measurement_kind::gauge,
                  unit::none,
                  static_cast<double>(queue_length_()),
                  {},
                  "functions that wait for the executor"});
        }
    }

  private:
    using loop = detail::stoppable_loop<Executor>;

    struct state : loop {
        state(Executor executor, std::chrono::milliseconds every) : loop{std::move(executor)}, interval{every} {}

        std::chrono::milliseconds interval;
        lag_statistics lags;
    };

    static typename loop::template awaitable<void> run(std::shared_ptr<state> s) {
        while (!s->is_stopping()) {
            s->lags.expect(lag_kind::post, std::chrono::steady_clock::now());
            co_await boost::asio::post(s->strand, loop::use_on_strand);
            s->lags.arrived(lag_kind::post);
            if (s->is_stopping()) {
                break;
            }
            auto const due = std::chrono::steady_clock::now() + s->interval;
            s->lags.expect(lag_kind::timer, due);
            co_await s->wait_until(due);
            if (!s->is_stopping()) {
                s->lags.arrived(lag_kind::timer);
            }
        }
        s->lags.forget(lag_kind::timer);
    }

    std::shared_ptr<state> state_;
    std::function<std::size_t()> queue_length_;
};

using executor_lag = basic_executor_lag<>;
static_assert(measurable<executor_lag>);

} // namespace orfeas::inline v0::observe
