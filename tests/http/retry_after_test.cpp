// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/response_head.hpp>
#include <orfeas/http/retry_after.hpp>

namespace http = orfeas::http;
using namespace std::chrono_literals;

namespace {

orfeas::wall_time const now{1'700'000'000s}; // Tue, 14 Nov 2023 22:13:20 GMT

} // namespace

TEST_CASE("Retry-After may be seconds", "[http][retry_after]") {
    CHECK(http::parse_retry_after("0", now) == 0ns);
    CHECK(http::parse_retry_after(" 120\t", now) == 120s);
    CHECK(http::parse_retry_after("86400", now) == 24h);
    CHECK(http::parse_retry_after("86401", now) == 24h); // bounded
    CHECK(http::parse_retry_after("99999999999999999999999999", now) == 24h);
}

TEST_CASE("Retry-After may be a date", "[http][retry_after]") {
    CHECK(http::parse_retry_after("Tue, 14 Nov 2023 22:13:50 GMT", now) == 30s);
    CHECK(http::parse_retry_after("Tue, 14 Nov 2023 22:13:19 GMT", now) == 0ns);
    CHECK(http::parse_retry_after("Sat, 14 Nov 2099 22:13:19 GMT", now) == 24h);
    http::date_text date;
    for (auto const at : {0s, 951'782'400s, 1'700'000'000s, 4'102'444'799s}) {
        orfeas::wall_time const when{at};
        CHECK(http::parse_http_date(date.at(when)) == when);
    }
}

TEST_CASE("anything else in Retry-After is ignored", "[http][retry_after]") {
    for (char const* text :
         {"", " ", "-1", "1.5", "1s", "soon", "+3", "Tue, 14 Nov 2023 22:13:50", "Tue, 31 Feb 2023 22:13:50 GMT",
          "Tue, 14 Nov 2023 24:13:50 GMT", "Tue, 14 Xyz 2023 22:13:50 GMT", "Tuesday, 14-Nov-23 22:13:50 GMT",
          "Tue, 14 anF 2023 22:13:50 GMT", "Tue, -4 Nov 2023 22:13:50 GMT", "Tue, 14 Nov 2023 22:13:50 UTC"}) {
        INFO(text);
        CHECK_FALSE(http::parse_retry_after(text, now));
    }
}
