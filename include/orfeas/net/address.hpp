// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/net/task.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::net {

/// Reads a numeric IPv4 or IPv6 address (without brackets); "localhost" is 127.0.0.1. Asks no name server.
/// Thread-safe.
inline std::optional<boost::asio::ip::address> parse_address(std::string_view text) {
    if (text == "localhost") {
        return boost::asio::ip::address_v4::loopback();
    }
    boost::system::error_code failed;
    auto const address = boost::asio::ip::make_address(text, failed);
    if (failed) {
        return std::nullopt;
    }
    return address;
}

/// Whether packets to `address` stay on this machine; an IPv4 loopback mapped into IPv6 counts.
/// Thread-safe.
inline bool is_loopback(boost::asio::ip::address const& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback();
    }
    return address.is_loopback();
}

/// "127.0.0.1:5000" or "[::1]:5000".
/// Thread-safe.
inline std::string to_text(boost::asio::ip::tcp::endpoint const& endpoint) {
    std::string const host = endpoint.address().to_string();
    std::string const port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

} // namespace orfeas::inline v0::net
