// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/net/listener.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace net = orfeas::net;
using boost::asio::ip::tcp;

TEST_CASE("net: a listener on port 0 has a port that can be connected to") {
    boost::asio::io_context io;
    boost::asio::any_io_executor const executor = io.get_executor();
    auto const listener = net::listen(executor, "127.0.0.1", 0);
    CHECK(listener.local_endpoint().port() != 0);
    tcp::socket client{io};
    CHECK_NOTHROW(client.connect(listener.local_endpoint()));
}

TEST_CASE("net: a port in use is one clear sentence") {
    boost::asio::io_context io;
    auto const executor = io.get_executor();
    auto const first = net::listen(executor, "127.0.0.1", 0);
    auto const port = first.local_endpoint().port();
    auto const expected = "cannot listen on 127.0.0.1 port " + std::to_string(port) + ": Address already in use";
    CHECK_THROWS_WITH(net::listen(executor, "127.0.0.1", port), expected);
    boost::system::error_code failed;
    auto const closed = net::try_listen(executor, "127.0.0.1", port, failed);
    CHECK(failed == boost::system::errc::address_in_use);
    CHECK_FALSE(closed.is_open());
}

TEST_CASE("net: what is no address, or not of this machine, is refused with its reason") {
    boost::asio::io_context io;
    auto const executor = io.get_executor();
    CHECK_THROWS_WITH(net::listen(executor, "nowhere", 80),
                      "cannot listen on nowhere port 80: not a numeric IPv4 or IPv6 address, nor 'localhost'");
    CHECK_THROWS_AS(net::listen(executor, "192.0.2.1", 0), net::listen_error); // TEST-NET-1, nobody's address
}
