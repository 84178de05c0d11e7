// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/net/tls.hpp>

#include <string>

namespace net = orfeas::net;

TEST_CASE("net: a TLS client is made of the system's trust, and what cannot be used is refused by its field") {
    CHECK(net::make_tls_client({}) != nullptr);
    auto refused = [](net::tls_options const& options) {
        try {
            net::make_tls_client(options);
        } catch (orfeas::option_error const& e) {
            return e.field();
        }
        return std::string{};
    };
    CHECK(refused({.authorities_file = "/nowhere/ca.pem"}) == "authorities_file");
    CHECK(refused({.certificate_file = "/nowhere/me.pem", .key_file = "/nowhere/me.key"}) == "certificate_file");
    CHECK(refused({.certificate_file = "/nowhere/me.pem"}) == "key_file");
    CHECK(refused({.key_file = "/nowhere/me.key"}) == "key_file");
}
