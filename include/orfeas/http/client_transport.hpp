// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/url.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <memory>

namespace orfeas::inline v0::http {

/// The layer beneath a client's connections: TCP as it is, or TLS for https (`speaks_tls`). `make(executor, url)` gives
/// a new stream, `socket(stream)` the TCP socket at its bottom, `shake_hands(stream, url)` an awaitable error code after
/// the socket is connected. Streams read and write as Asio's AsyncReadStream and AsyncWriteStream do. Copies share what
/// is expensive. All run on the client's strand.
template<class T, class Executor>
concept client_transport = std::copyable<T> && requires(T& layer, Executor const& on, url const& to) {
    typename T::template stream<Executor>;
    { T::speaks_tls } -> std::convertible_to<bool>;
    { layer.make(on, to) } -> std::same_as<std::unique_ptr<typename T::template stream<Executor>>>;
    {
        T::socket(*layer.make(on, to))
    } -> std::same_as<boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>&>;
    {
        layer.shake_hands(*layer.make(on, to), to)
    } -> std::same_as<boost::asio::awaitable<boost::system::error_code, Executor>>;
};

/// Plain TCP: http only.
/// Thread-compatible (distinct objects).
struct tcp_client_transport {
    static constexpr bool speaks_tls = false;

    template<class Executor>
    using stream = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

    template<class Executor>
    std::unique_ptr<stream<Executor>> make(Executor const& on, url const&) const {
        return std::make_unique<stream<Executor>>(on);
    }

    template<class Executor>
    static stream<Executor>& socket(stream<Executor>& whole) noexcept {
        return whole;
    }

    template<class Executor>
    boost::asio::awaitable<boost::system::error_code, Executor> shake_hands(stream<Executor>&, url const&) const {
        co_return boost::system::error_code{};
    }
};
static_assert(client_transport<tcp_client_transport, boost::asio::any_io_executor>);

} // namespace orfeas::inline v0::http
