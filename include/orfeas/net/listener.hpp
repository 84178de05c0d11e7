// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/net/address.hpp>
#include <orfeas/net/error.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::net {

/// A port that cannot be listened on. `what()` is one sentence: address, port, reason.
class listen_error : public std::system_error {
  public:
    listen_error(std::error_code code, std::string_view address, std::uint16_t port)
        : std::system_error{code, "cannot listen on " + std::string{address} + " port " + std::to_string(port)} {}
};

/// A socket that accepts TCP connections on `Executor`.
template<class Executor>
using acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

/// Opens a listening socket; port 0 lets the system choose one (read it from `local_endpoint()`).
/// On failure `failed` says why and the result is closed. An IPv6 socket takes IPv6 connections only, so that
/// "bound to loopback" means the same for both families.
template<class Executor>
acceptor<Executor> try_listen(Executor const& executor, std::string_view address, std::uint16_t port,
                              boost::system::error_code& failed) {
    namespace asio = boost::asio;
    acceptor<Executor> opened{executor};
    auto const parsed = parse_address(address);
    if (!parsed) {
        failed = make_error_code(error::invalid_address);
        return opened;
    }
    asio::ip::tcp::endpoint const endpoint{*parsed, port};
    opened.open(endpoint.protocol(), failed);
    if (!failed) {
        opened.set_option(asio::socket_base::reuse_address{true}, failed);
    }
    if (!failed && parsed->is_v6()) {
        opened.set_option(asio::ip::v6_only{true}, failed);
    }
    if (!failed) {
        opened.bind(endpoint, failed);
    }
    if (!failed) {
        opened.listen(asio::socket_base::max_listen_connections, failed);
    }
    if (failed) {
        boost::system::error_code ignored;
        opened.close(ignored);
    }
    return opened;
}

/// Opens a listening socket, or throws listen_error.
template<class Executor>
acceptor<Executor> listen(Executor const& executor, std::string_view address, std::uint16_t port) {
    boost::system::error_code failed;
    auto opened = try_listen(executor, address, port, failed);
    if (failed) {
        throw listen_error{failed, address, port};
    }
    return opened;
}

} // namespace orfeas::inline v0::net
