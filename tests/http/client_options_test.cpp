// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/client_options.hpp>

namespace http = orfeas::http;

TEST_CASE("client options are read from the environment and checked", "[http][client_options]") {
    auto const read = orfeas::from_environment<http::client_options>(
        {}, {"ORFEAS_CLIENT_DEADLINE=2s", "ORFEAS_CLIENT_BODY_BYTES=1KiB"});
    CHECK(read.deadline == std::chrono::seconds{2});
    CHECK(read.body_bytes == 1024);
    CHECK_THROWS_AS(orfeas::from_environment<http::client_options>({}, {"ORFEAS_CLIENT_CONNECTIONS_PER_HOST=0"}),
                    orfeas::option_error);
    CHECK_THROWS_AS(orfeas::from_environment<http::client_options>({}, {"ORFEAS_CLIENT_NO_SUCH=1"}),
                    orfeas::option_error);
}
