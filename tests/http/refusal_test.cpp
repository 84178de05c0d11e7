// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/refusal.hpp>

#include <set>
#include <string>

namespace http = orfeas::http;

TEST_CASE("http: every refusal has its own name, a sentence and an error status") {
    std::set<std::string_view> names;
    for (std::size_t i = 1; i <= http::refusal_count; ++i) {
        auto const reason = static_cast<http::refusal>(i);
        CAPTURE(http::name_of(reason));
        CHECK(names.insert(http::name_of(reason)).second);
        CHECK(http::describe(reason).ends_with('.'));
        CHECK(http::code_of(http::status_of(reason)) >= 400);
        std::error_code const code = reason;
        CHECK(code.message() == http::describe(reason));
        CHECK(code.category().name() == std::string{"orfeas.http"});
    }
    CHECK(http::name_of(http::refusal::timed_out) == "timed_out"); // the table's last row is the last enumerator
    CHECK(http::name_of(http::refusal::body_too_large) == "body_too_large");
    CHECK(http::name_of(http::refusal::no_route) == "no_route");
    CHECK(http::describe(static_cast<http::refusal>(0)) == "unknown error");
}
