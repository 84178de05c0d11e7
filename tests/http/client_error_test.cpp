// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/client_error.hpp>

namespace http = orfeas::http;

TEST_CASE("every client error has a sentence", "[http][client_error]") {
    for (int i = 1; i <= static_cast<int>(http::client_error::stopped); ++i) {
        std::error_code const code = static_cast<http::client_error>(i);
        CHECK(code.message() != "unknown error");
        CHECK(std::string_view{code.category().name()} == "orfeas.http.client");
    }
}
