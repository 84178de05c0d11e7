// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/http/client_error.hpp>
#include <orfeas/http/client_observer.hpp>
#include <orfeas/http/client_options.hpp>
#include <orfeas/http/client_request.hpp>
#include <orfeas/http/client_response.hpp>
#include <orfeas/http/client_stats.hpp>
#include <orfeas/http/client_transport.hpp>
#include <orfeas/http/detail/client_core.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace orfeas::inline v0::http {

/// An HTTP/1.1 client. Connections are kept and used again, within a number per server; further requests wait for one in
/// their order. Redirects are answers like others. It owns no thread: its connections live on one strand of the executor.
///
///     http::client web{io.get_executor()};
///     http::client_request ask{"GET", *http::parse_url("http://127.0.0.1:5000/healthz")};
///     auto const got = co_await web.send(ask);
///     if (got && got.response.status() == http::status::ok) { … }
///
/// Every call ends by its deadline, whatever the server does: with an answer or with an error (client_error, those of the
/// operating system, operation_aborted for a caller that was cancelled). A request is sent a second time only where a kept
/// connection turns out to be dead before any byte of an answer, and only if it is `repeatable`.
///
/// `co_await stop()` ends what is under way; the destructor only begins to.
/// Thread-safe: from coroutines on an executor of several threads as well.
template<class Executor = boost::asio::any_io_executor, class Observer = no_client_observer,
         class Transport = tcp_client_transport>
class basic_client {
  public:
    using executor_type = Executor;

    /// Throws option_error for options out of range.
    explicit basic_client(Executor executor, client_options options = {}, Observer observer = {}, Transport layer = {})
        : executor_{std::move(executor)},
          core_{make_core(executor_, options, std::move(layer))},
          observer_{std::move(observer)} {}

    basic_client(basic_client const&) = delete;
    basic_client& operator=(basic_client const&) = delete;
    ~basic_client() {
        boost::asio::post(core_->strand, [core = core_] { core->close(); });
    }

    /// Sends a request and returns the answer, or an error. `q` and the client live until this has ended.
    /// Throws std::invalid_argument for a request whose parts are no HTTP.
    boost::asio::awaitable<client_result, Executor> send(client_request const& q, monotonic_time deadline) {
        auto const core = core_;
        std::string head;
        append_request_head(head, q);
        head_writer writer{head};
        auto call = observer_.begin(q, writer);
        head.append("\r\n");
        client_result done;
        try {
            auto work = core_type::exchange(core, q, head, deadline);
            done =
                co_await boost::asio::co_spawn(core->strand, std::move(work), boost::asio::use_awaitable_t<Executor>{});
        } catch (boost::system::system_error const& error) { // of a caller that was cancelled
            done.error = error.code();
        }
        call.end(done);
        co_return done;
    }

    /// The same, with the deadline of the options.
    boost::asio::awaitable<client_result, Executor> send(client_request const& q) {
        return send(q, std::chrono::steady_clock::now() + core_->options.deadline);
    }

    /// Ends all connections for good, and returns when nothing is under way any more. What is under way completes with
    /// client_error::stopped, and so does what is sent later.
    boost::asio::awaitable<void, Executor> stop() {
        auto const core = core_;
        auto work = core_type::stop(core);
        co_await boost::asio::co_spawn(core->strand, std::move(work), boost::asio::use_awaitable_t<Executor>{});
    }

    executor_type get_executor() const noexcept { return executor_; }
    client_options const& options() const noexcept { return core_->options; }
    client_stats stats() const noexcept { return core_->counters.snapshot(); }

  private:
    using core_type = detail::client_core<Executor, Transport>;

    static std::shared_ptr<core_type> make_core(Executor const& executor, client_options const& options,
                                                Transport layer) {
        validate(options);
        return std::make_shared<core_type>(executor, options, std::move(layer));
    }

    Executor executor_;
    std::shared_ptr<core_type> core_;
    Observer observer_;
};

/// A client for plain http on a type-erased executor.
using client = basic_client<>;

} // namespace orfeas::inline v0::http
