// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/call.hpp>
#include <orfeas/cache/redis/connection_core.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/transport.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace orfeas::inline v0::cache::redis {

namespace detail {

/// Whether `executor` is the strand, type-erased or not.
template<class Executor, class Strand>
bool is_strand(Executor const& executor, Strand const& strand) noexcept {
    if constexpr (std::same_as<Executor, Strand>) {
        return executor == strand;
    } else if constexpr (requires { executor.template target<Strand>(); }) {
        auto const* const target = executor.template target<Strand>();
        return target != nullptr && *target == strand;
    } else {
        return false;
    }
}

/// A call with the caller's completion handler.
template<class Handler, class Executor, class Strand>
class call_of final : public call {
  public:
    call_of(Handler handler, Executor const& otherwise, Strand const& strand, std::size_t commands, std::size_t bytes,
            monotonic_time deadline, response reused)
        : call{commands, bytes, deadline, std::move(reused)},
          handler_{std::move(handler)},
          work_{boost::asio::get_associated_executor(handler_, otherwise)},
          strand_{strand} {}

  private:
    void deliver(result&& done, bool in_order) override {
        auto const executor = work_.get_executor();
        bool const is_inline = in_order && is_strand(executor, strand_);
        // Named before it is called: the caller may end, and this object with it.
        auto completion = boost::asio::append(std::move(handler_), std::move(done));
        auto const work = std::move(work_);
        if (is_inline) {
            boost::asio::dispatch(executor, std::move(completion));
        } else {
            boost::asio::post(executor, std::move(completion));
        }
    }

    Handler handler_;
    // The caller's context has nothing else to run while it waits, and must not return from run().
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, Executor>> work_;
    Strand const& strand_; // of the connection, which outlives its calls
};

} // namespace detail

/// One connection to a Redis or Valkey server, shared by all who call it: their requests are gathered into one write, and
/// the replies find their way back by their order. It connects by itself, greets with HELLO 3 (user, password, name) and
/// SELECT, runs the user's set-up commands, and connects again after a loss, with jitter. It owns no thread: its one
/// coroutine runs on the executor, on a strand of its own.
///
///     redis::connection cache{io.get_executor(), redis::parse_endpoint("redis://127.0.0.1:6379")};
///     cache.start();
///     redis::request get;
///     get.append("GET", "greeting");
///     auto const got = co_await cache.execute(get);
///     if (got && got.replies[0].string()) { … }
///
/// Every call ends by its deadline, whatever the server does: with its replies or with an error. While the breaker is open
/// it ends at once. A caller that is cancelled leaves alone. A request is never sent twice: whether one that failed was
/// executed is not known, and to try again is the caller's decision. Commands that block or have no reply are not for a
/// shared connection.
///
/// A caller whose executor is the connection's strand (`get_strand()`) is resumed at the place of its replies in the stream:
/// after the pushes before them and before those behind them. Others are resumed on their own executors, soon after.
///
/// `co_await stop()` before what the hooks refer to goes away, and before the executor's context ends; the destructor only
/// begins to stop.
/// Thread-safe: from coroutines on an executor of several threads as well.
template<class Executor = boost::asio::any_io_executor, class Transport = tcp_transport>
class basic_connection {
  public:
    using executor_type = Executor;
    using strand_type = boost::asio::strand<Executor>;

    /// Throws option_error for options out of range, and for a server that wants TLS over a transport that has none, or
    /// the reverse.
    basic_connection(Executor executor, endpoint server, connection_options options = {}, connection_hooks hooks = {},
                     logger log = {}, Transport layer = {})
        : executor_{std::move(executor)},
          core_{make_core(executor_, std::move(server), std::move(options), std::move(hooks), std::move(log),
                          std::move(layer))} {}

    basic_connection(basic_connection const&) = delete;
    basic_connection& operator=(basic_connection const&) = delete;
    ~basic_connection() { core_->begin_stop(); }

    executor_type get_executor() const noexcept { return executor_; }
    strand_type get_strand() const noexcept { return core_->strand; }

    /// Begins to connect. A second call does nothing, and one after `stop` neither.
    void start() { core_->start(); }

    /// Sends the commands of `asked` (at least one, all complete) and completes with a `result`: all their replies, or an
    /// error. The bytes are copied when the operation starts (for an awaitable: when it is awaited), so `asked` may then be
    /// used again. The replies are gathered in `reused`, whose memory a caller may hand in again from call to call:
    ///
    ///     got = co_await cache.execute(get, std::move(got.replies));
    ///
    /// The deadline is that of the options. Signature: void(result). Errors: those of `redis::error`, and
    /// operation_aborted for a caller that was cancelled.
    template<class CompletionToken = boost::asio::use_awaitable_t<Executor>>
    auto execute(request const& asked, response reused = {}, CompletionToken&& token = {}) {
        return execute_within(core_->options().call_deadline, asked, std::move(reused),
                              std::forward<CompletionToken>(token));
    }

    /// The same with a deadline of its own, from now.
    template<class CompletionToken = boost::asio::use_awaitable_t<Executor>>
    auto execute_within(std::chrono::nanoseconds deadline, request const& asked, response reused = {},
                        CompletionToken&& token = {}) {
        ORFEAS_ASSERT(!asked.empty() && asked.is_complete(), "execute complete commands, at least one");
        return boost::asio::async_initiate<CompletionToken, void(result)>(initiation{*this}, token, deadline, &asked,
                                                                          std::move(reused));
    }

    /// Ends the connection, fails its calls with shut_down, and returns when nothing of it runs any more.
    boost::asio::awaitable<void, Executor> stop() {
        auto stopping = detail::connection_core<Executor, Transport>::stop(core_);
        co_await boost::asio::co_spawn(core_->strand, std::move(stopping), boost::asio::use_awaitable_t<Executor>{});
    }

    /// Counts the connections made and lost: odd while one stands. A value read under one generation says nothing about
    /// what the server told under another: invalidations may have been missed in between.
    std::uint64_t generation() const noexcept { return core_->generation(); }

    /// Whether a connection stands, greeted and set up.
    bool is_connected() const noexcept { return core_->is_connected(); }

    /// "127.0.0.1:6379".
    std::string const& name() const noexcept { return core_->name(); }

    connection_options const& options() const noexcept { return core_->options(); }
    connection_stats stats() const { return core_->stats(); }

  private:
    using core_type = detail::connection_core<Executor, Transport>;

    static std::shared_ptr<core_type> make_core(Executor const& executor, endpoint server, connection_options options,
                                                connection_hooks hooks, logger log, Transport layer) {
        validate(options);
        require_transport<Transport>(server);
        return std::make_shared<core_type>(executor, std::move(server), std::move(options), std::move(hooks),
                                           std::move(log), std::move(layer));
    }

    /// What a caller's cancellation slot holds: fails the call, wherever it is.
    class leave_on_cancel {
      public:
        explicit leave_on_cancel(std::weak_ptr<call> waiting) : waiting_{std::move(waiting)} {}

        void operator()(boost::asio::cancellation_type type) {
            if (type == boost::asio::cancellation_type::none) {
                return;
            }
            if (auto const waiting = waiting_.lock()) {
                waiting->fail(boost::asio::error::operation_aborted);
            }
        }

      private:
        std::weak_ptr<call> waiting_; // a slot outlives the wait
    };

    struct initiation {
        basic_connection& over;

        using executor_type = Executor;
        executor_type get_executor() const noexcept { return over.executor_; }

        template<class Handler>
        void operator()(Handler&& handler, std::chrono::nanoseconds deadline, request const* asked,
                        response reused) const {
            over.submit(std::forward<Handler>(handler), deadline, *asked, std::move(reused));
        }
    };

    template<class Handler>
    void submit(Handler handler, std::chrono::nanoseconds deadline, request const& asked, response reused) {
        using call_type = detail::call_of<Handler, Executor, strand_type>;
        auto const now = std::chrono::steady_clock::now();
        bool const is_endless = deadline > monotonic_time::max() - now;
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        auto const waiting = std::make_shared<call_type>(
            std::move(handler), executor_, core_->strand, asked.commands(), asked.bytes().size(),
            is_endless ? monotonic_time::max() : now + deadline, std::move(reused));
        if (slot.is_connected()) {
            // Before the call can be settled, since from then on the slot belongs to another thread.
            slot.template emplace<leave_on_cancel>(waiting);
        }
        core_->submit(asked, waiting, now);
    }

    Executor executor_;
    std::shared_ptr<core_type> core_;
};

/// A connection over plain TCP, on a type-erased executor.
using connection = basic_connection<>;

} // namespace orfeas::inline v0::cache::redis
