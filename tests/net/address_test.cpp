// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/net/address.hpp>

namespace net = orfeas::net;

TEST_CASE("net: addresses are numeric, and localhost is the one name") {
    CHECK(net::parse_address("127.0.0.1")->to_string() == "127.0.0.1");
    CHECK(net::parse_address("localhost")->to_string() == "127.0.0.1");
    CHECK(net::parse_address("::1")->to_string() == "::1");
    for (auto const* wrong :
         {"", "localhos", "256.0.0.1", "1.2.3", "[::1]", "127.0.0.1:80", "example.org", " 127.0.0.1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(net::parse_address(wrong));
    }
}

TEST_CASE("net: loopback is 127/8, ::1 and 127/8 mapped into IPv6") {
    for (auto const* inside : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"}) {
        CAPTURE(inside);
        CHECK(net::is_loopback(net::parse_address(inside).value()));
    }
    for (auto const* outside : {"0.0.0.0", "192.168.0.1", "::", "fe80::1", "::ffff:10.0.0.1"}) {
        CAPTURE(outside);
        CHECK_FALSE(net::is_loopback(net::parse_address(outside).value()));
    }
}

TEST_CASE("net: endpoints read as in a URL") {
    using boost::asio::ip::tcp;
    CHECK(net::to_text(tcp::endpoint{net::parse_address("10.0.0.1").value(), 80}) == "10.0.0.1:80");
    CHECK(net::to_text(tcp::endpoint{net::parse_address("::1").value(), 5000}) == "[::1]:5000");
}
