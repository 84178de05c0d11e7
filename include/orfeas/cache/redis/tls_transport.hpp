// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/transport.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/net/tls.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>
#include <utility>

namespace orfeas::inline v0::cache::redis {

/// TLS on TCP, for `rediss://`. Copies share one context, and so may the connections to all nodes.
///
///     redis::basic_connection<boost::asio::any_io_executor, redis::tls_transport> cache{
///         io.get_executor(), redis::parse_endpoint("rediss://cache.example"), {}, {}, {}, redis::tls_transport{tls}};
///
/// Thread-compatible (distinct objects).
class tls_transport {
  public:
    template<class Executor>
    using stream = net::tls_stream<Executor>;

    static constexpr bool is_encrypted = true;

    /// With the system's trust.
    tls_transport() : tls_transport(net::tls_options{}) {}

    /// Throws option_error for options that cannot be used.
    explicit tls_transport(net::tls_options const& options)
        : context_{net::make_tls_client(options)}, server_name_{options.server_name} {}

    template<class Executor>
    std::unique_ptr<stream<Executor>> make(Executor const& on, endpoint const& server) {
        auto made = std::make_unique<stream<Executor>>(on, *context_);
        net::expect_server_name(*made, server_name_.empty() ? server.host : server_name_);
        return made;
    }

    template<class Executor>
    static auto& socket(net::tls_stream<Executor>& whole) noexcept {
        return whole.next_layer();
    }

    template<class Executor>
    task<boost::system::error_code> async_shake_hands(net::tls_stream<Executor>& whole) {
        auto const [failed] = co_await whole.async_handshake(net::tls_stream<Executor>::client,
                                                             boost::asio::as_tuple(boost::asio::use_awaitable));
        co_return failed;
    }

  private:
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::string server_name_;
};
static_assert(transport<tls_transport, boost::asio::any_io_executor>);

} // namespace orfeas::inline v0::cache::redis
