// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/net/error.hpp>

#include <boost/system/error_code.hpp>

namespace net = orfeas::net;

TEST_CASE("net: every error has a sentence and becomes an error code of Asio's kind") {
    for (auto const e : {net::error::invalid_address, net::error::timed_out}) {
        std::error_code const code = e;
        CHECK(code.category().name() == std::string{"orfeas.net"});
        CHECK(code.message() == net::describe(e));
        CHECK(code.message() != net::describe(static_cast<net::error>(0)));
        CHECK(boost::system::error_code{code}.failed());
    }
}
