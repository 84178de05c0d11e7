// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/status.hpp>

namespace http = orfeas::http;

TEST_CASE("http: a status has its number and its reason phrase") {
    CHECK(http::code_of(http::status::ok) == 200);
    CHECK(http::reason_phrase(http::status::ok) == "OK");
    CHECK(http::code_of(http::status::header_fields_too_large) == 431);
    CHECK(http::reason_phrase(http::status::header_fields_too_large) == "Request Header Fields Too Large");
    CHECK(http::reason_phrase(static_cast<http::status>(299)) == "Status");
}
