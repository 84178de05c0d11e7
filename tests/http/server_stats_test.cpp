// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/server_stats.hpp>

#include <map>
#include <string>

namespace http = orfeas::http;

TEST_CASE("http: counters are reported with their labels") {
    http::detail::server_counters counters;
    counters.add(counters.requests_total, 3);
    counters.answered(http::status::ok);
    counters.answered(http::status::not_found);
    counters.answered(http::status::internal_server_error);
    counters.refused(http::refusal::no_route);
    counters.refused(http::refusal::no_route);

    auto const stats = counters.snapshot();
    CHECK(stats.requests_total == 3);
    CHECK(stats.refused_total == 2);
    CHECK(stats.server_errors_total == 1);

    std::map<std::string, double> seen;
    auto const collect = [&](orfeas::measurement const& m) {
        std::string key{m.name};
        for (auto const& l : m.labels) {
            key.append("{").append(l.name).append("=").append(l.value).append("}");
        }
        CHECK(seen.emplace(key, m.value).second);
        CHECK(m.name.starts_with("http_"));
        CHECK_FALSE(m.help.empty());
        CHECK((m.kind == orfeas::measurement_kind::counter) == m.name.ends_with("_total"));
    };
    counters.measure(collect);
    CHECK(seen["http_requests_total"] == 3);
    CHECK(seen["http_responses_total{class=2xx}"] == 1);
    CHECK(seen["http_responses_total{class=4xx}"] == 1);
    CHECK(seen["http_responses_total{class=5xx}"] == 1);
    CHECK(seen["http_refused_total{reason=no_route}"] == 2);
    CHECK(seen["http_refused_total{reason=timed_out}"] == 0);
    CHECK(seen.size() == 8 + 5 + http::refusal_count);
}
