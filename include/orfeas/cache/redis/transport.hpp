// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string_view>

namespace orfeas::inline v0::cache::redis {

/// The layer beneath a connection: TCP as it is, or TLS on it (`is_encrypted`). `make(executor, server)` gives a new stream for each attempt
/// to connect, `socket(stream)` the TCP socket at its bottom, `async_shake_hands(stream)` an awaitable error code after the
/// socket is connected. The stream itself reads and writes as Asio's AsyncReadStream and AsyncWriteStream do. A layer may
/// have `write_now(stream, bytes)`, which writes what goes out without waiting (0 when nothing does, or on an error that
/// the next write will meet again). All run on the connection's strand.
template<class T, class Executor>
concept transport = std::move_constructible<T> && requires(T& layer, Executor const& on, endpoint const& server) {
    typename T::template stream<Executor>;
    { T::is_encrypted } -> std::convertible_to<bool>;
    { layer.make(on, server) } -> std::same_as<std::unique_ptr<typename T::template stream<Executor>>>;
    {
        T::socket(*layer.make(on, server))
    } -> std::same_as<boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>&>;
    { layer.async_shake_hands(*layer.make(on, server)) } -> std::same_as<task<boost::system::error_code>>;
};

/// Plain TCP.
struct tcp_transport {
    static constexpr bool is_encrypted = false;

    template<class Executor>
    using stream = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

    template<class Executor>
    std::unique_ptr<stream<Executor>> make(Executor const& on, endpoint const&) {
        return std::make_unique<stream<Executor>>(on);
    }

    template<class Executor>
    static stream<Executor>& socket(stream<Executor>& whole) noexcept {
        return whole;
    }

    template<class Executor>
    static std::size_t write_now(stream<Executor>& whole, std::string_view bytes) noexcept {
        auto const sent = ::send(whole.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }

    template<class Executor>
    task<boost::system::error_code> async_shake_hands(stream<Executor>&) {
        co_return boost::system::error_code{};
    }
};

static_assert(transport<tcp_transport, boost::asio::any_io_executor>);

/// Throws option_error for a server that wants TLS over a transport that has none, or the reverse.
template<class Transport>
void require_transport(endpoint const& server) {
    if (server.tls != Transport::is_encrypted) {
        throw option_error{"tls", server.tls ? "true" : "false",
                           server.tls ? "false without tls_transport.hpp" : "true"};
    }
}

/// Sends small requests at once, and has the kernel give a connection up when what was sent stays unacknowledged for
/// `unacknowledged`. Best effort: a kernel that knows less gives less.
template<class Socket>
void configure(Socket& socket, std::chrono::milliseconds unacknowledged) noexcept {
    boost::system::error_code ignored;
    socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    auto const wait = static_cast<unsigned>(unacknowledged.count());
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &wait, sizeof wait);
}

} // namespace orfeas::inline v0::cache::redis
