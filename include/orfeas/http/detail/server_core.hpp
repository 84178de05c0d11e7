// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/http/concepts.hpp>
#include <orfeas/http/gate.hpp>
#include <orfeas/http/router.hpp>
#include <orfeas/http/server_options.hpp>
#include <orfeas/http/server_stats.hpp>
#include <orfeas/http/websocket.hpp>
#include <orfeas/net/deadline.hpp>

#include <boost/asio/strand.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace orfeas::inline v0::http::detail {

/// What stands behind a route: a handler, or what greets WebSocket sessions.
struct endpoint {
    handler answer;
    http::role role = role::reader;
    std::optional<std::uint64_t> body_bytes;
    websocket_handler on_open;
    websocket_options websocket;
    std::shared_ptr<std::atomic<std::size_t>> sessions;
};

/// What a server's connections share, and share ownership of. Constant while the server runs, but for what is atomic.
/// Thread-safe in that sense.
template<class Executor, class Observer>
struct server_core {
    using strand_type = boost::asio::strand<Executor>;

    server_core(Executor on, server_options with, logger to, Observer with_observer)
        : executor{std::move(on)},
          options{std::move(with)},
          log{std::move(to)},
          observer{std::move(with_observer)},
          gate{gate_policy{options.is_loopback(), options.allowed_hosts, options.allowed_origins, options.token}} {}

    bool is_stopping() const noexcept { return stopping.load(std::memory_order_acquire); }

    std::uint64_t body_limit(endpoint const* route) const noexcept {
        return route != nullptr ? route->body_bytes.value_or(options.body_bytes) : options.body_bytes;
    }
    net::progress_allowance body_allowance() const noexcept {
        return {options.body_deadline, options.minimum_bytes_per_second};
    }
    net::progress_allowance write_allowance() const noexcept {
        return {options.write_deadline, options.minimum_bytes_per_second};
    }

    Executor executor;
    server_options const options;
    logger const log;
    Observer observer;
    http::gate const gate;
    basic_router<endpoint> router;
    server_counters counters;
    std::atomic<bool> stopping{false};
};

} // namespace orfeas::inline v0::http::detail
