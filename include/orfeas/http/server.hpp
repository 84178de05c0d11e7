// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/http/concepts.hpp>
#include <orfeas/http/detail/acceptor_loop.hpp>
#include <orfeas/http/detail/server_core.hpp>
#include <orfeas/http/server_options.hpp>
#include <orfeas/http/server_stats.hpp>
#include <orfeas/http/websocket.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::http {

/// What sets a route apart from others.
struct route_options {
    http::role role = http::role::reader;
    std::optional<std::uint64_t> body_bytes = {}; ///< largest body; server_options::body_bytes unless set
};

/// An HTTP/1.1 and WebSocket server.
///
///     http::server web{io.get_executor(), {.port = 5000}};
///     web.route("GET", "/hello/{name}", hello);
///     web.start();
///
/// It owns no thread: all work runs on the executor, each connection on its own strand, so the executor may have several
/// threads. Handlers of one connection run one after another, those of different connections at the same time.
/// `co_await stop()` before what the handlers refer to goes away; the destructor only begins to end the connections.
///
/// `route`, `websocket` and `start` are thread-compatible and come first; then the server is Thread-safe.
template<class Executor = boost::asio::any_io_executor, class Observer = no_observer>
class basic_server {
  public:
    using executor_type = Executor;

    /// Throws option_error for options out of range, and for an address beyond the loopback without a token.
    explicit basic_server(Executor executor, server_options options = {}, logger log = {}, Observer observer = {})
        : core_{make_core(std::move(executor), std::move(options), std::move(log), std::move(observer))},
          loop_{std::make_shared<loop_type>(core_)} {}

    basic_server(basic_server const&) = delete;
    basic_server& operator=(basic_server const&) = delete;
    ~basic_server() { loop_->abandon(); }

    /// Adds a route; see basic_router for patterns. Throws std::invalid_argument for a malformed or repeated pattern,
    /// and for an operator action under another method than POST and DELETE.
    void route(std::string_view method, std::string_view pattern, handler answer, route_options options = {}) {
        ORFEAS_ASSERT(!loop_->has_started(), "add routes before start()");
        if (options.role == role::operator_action && method != "POST" && method != "DELETE") {
            throw std::invalid_argument{"an operator action needs POST or DELETE"};
        }
        detail::endpoint added;
        added.answer = std::move(answer);
        added.role = options.role;
        added.body_bytes = options.body_bytes;
        core_->router.add(method, pattern, std::move(added));
    }

    /// Adds a route for WebSockets. `on_open` gets each new session on its strand.
    void websocket(std::string_view pattern, websocket_handler on_open, websocket_options options = {}) {
        ORFEAS_ASSERT(!loop_->has_started(), "add routes before start()");
        detail::endpoint added;
        added.role = options.role;
        added.on_open = std::move(on_open);
        added.websocket = options;
        added.sessions = std::make_shared<std::atomic<std::size_t>>(0);
        core_->router.add("GET", pattern, std::move(added));
    }

    /// Begins to listen and to serve. Throws net::listen_error when the address cannot be listened on.
    void start() { loop_->start(); }

    /// The port that is listened on; 0 before `start`.
    std::uint16_t port() const noexcept { return loop_->port(); }

    /// Ends the server: accepts no more, closes idle connections, sends going_away to WebSockets, lets requests in flight
    /// finish, each answer with `Connection: close`. What is not done by `deadline` is cancelled. Returns when no
    /// connection is left, so that nothing of the server runs any more; true when nothing had to be cancelled.
    /// A handler that ignores cancellation delays it. Not to be awaited by a handler of this server.
    task<bool> stop(std::chrono::nanoseconds deadline = std::chrono::seconds{2}) { return loop_->stop(deadline); }

    server_options const& options() const noexcept { return core_->options; }
    server_stats stats() const noexcept { return core_->counters.snapshot(); }

    /// Reports http_connections, http_requests_total, http_responses_total{class}, http_refused_total{reason},
    /// http_received_bytes_total, http_sent_bytes_total, http_websocket_… of its life so far.
    void measure(measurement_sink sink) const { core_->counters.measure(sink); }

  private:
    using core_type = detail::server_core<Executor, Observer>;
    using loop_type = detail::acceptor_loop<Executor, Observer>;

    static std::shared_ptr<core_type> make_core(Executor executor, server_options options, logger log,
                                                Observer observer) {
        static_assert(server_observer<Observer>);
        validate(options);
        return std::make_shared<core_type>(std::move(executor), std::move(options), std::move(log),
                                           std::move(observer));
    }

    std::shared_ptr<core_type> core_;
    std::shared_ptr<loop_type> loop_;
};

/// The server on a type-erased executor, observed by none.
using server = basic_server<>;
static_assert(measurable<server>);

} // namespace orfeas::inline v0::http
