// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/notification.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Notifications for coroutines. Needs Boost.Asio.

namespace orfeas::inline v0::alert {

/// Where notifications wait for receivers that ask: an alert_watch of `observe/`, say. Thread-safe.
template<class S>
concept notification_source = requires(S& s, route to, std::string_view name) {
    { s.add(std::move(to)) } -> std::convertible_to<bool>;
    { s.next(name) } -> std::same_as<std::optional<notification>>;
    { s.delivered(name, name) } -> std::convertible_to<bool>;
};

/// A receiver that is a coroutine.
///
///     alert::notification_stream people{executor, obs.alerts(), {.name = "people", .at_least = alert::severity::critical}};
///     while (auto const told = co_await people.next()) { co_await page(*told); }
///
/// A notification counts as delivered when the next one is asked for: a coroutine that ends, or a process that does, before that
/// is given it again, with the same id. It asks the source every `interval`, for who is told in a second needs no more.
/// The source outlives the stream. Executor-bound: call only from the executor, a strand where it has several threads.
template<notification_source Source, class Executor = boost::asio::any_io_executor>
class notification_stream {
  public:
    /// Adds the route unless there is one of this name.
    notification_stream(Executor executor, Source& from, route to,
                        std::chrono::milliseconds interval = std::chrono::milliseconds{100})
        : name_{to.name}, from_{from}, interval_{interval}, timer_{std::move(executor)} {
        from_.add(std::move(to));
    }
    notification_stream(notification_stream const&) = delete;
    notification_stream& operator=(notification_stream const&) = delete;

    /// The oldest notification that this receiver does not have yet, as soon as there is one; empty when the stream is closed
    /// and when the wait is cancelled. The one before counts as delivered. One coroutine waits at a time.
    boost::asio::awaitable<std::optional<notification>, Executor> next() {
        bool const throws = co_await boost::asio::this_coro::throw_if_cancelled();
        co_await boost::asio::this_coro::throw_if_cancelled(false); // it holds for the caller, too
        auto found = co_await wait();
        co_await boost::asio::this_coro::throw_if_cancelled(throws);
        co_return found;
    }

    /// The notification that was handed over last is delivered, without asking for the next one.
    void confirm() {
        if (!handed_over_.empty()) {
            from_.delivered(name_, handed_over_);
            handed_over_.clear();
        }
    }

    /// Who waits is told that no more will come. What was handed over and not confirmed waits for the next stream of this name.
    void close() {
        is_closed_ = true;
        timer_.cancel();
    }

  private:
    using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

    boost::asio::awaitable<std::optional<notification>, Executor> wait() {
        constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
        confirm();
        std::optional<notification> found = from_.next(name_);
        while (!found && !is_closed_) {
            timer_.expires_after(interval_);
            co_await timer_.async_wait(token);
            auto const state = co_await boost::asio::this_coro::cancellation_state;
            if (state.cancelled() != boost::asio::cancellation_type::none) {
                co_return std::nullopt;
            }
            found = from_.next(name_);
        }
        if (found && !is_closed_) {
            handed_over_ = found->id;
            co_return found;
        }
        co_return std::nullopt;
    }

    std::string name_;
    Source& from_;
    std::chrono::milliseconds interval_;
    timer timer_;
    std::string handed_over_; // the id of what was not confirmed yet
    bool is_closed_ = false;
};

} // namespace orfeas::inline v0::alert
