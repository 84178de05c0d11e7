// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/serve/request_statistics.hpp>

#include <chrono>
#include <cmath>
#include <map>
#include <string>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

std::map<std::string, double> readings(serve::basic_request_statistics<manual_clock> const& from) {
    std::map<std::string, double> all;
    from.measure([&](measurement const& m) { all[std::string{m.name}] = m.value; });
    return all;
}

} // namespace

TEST_CASE("serve: without requests there are no latencies, and no errors") {
    serve::basic_request_statistics<manual_clock> const none;
    CHECK(std::isnan(readings(none).at("http_request_p50_ms")));
    CHECK(readings(none).at("http_errors_total") == 0);
    CHECK(readings(none).at("http_application_requests_total") == 0);
}

TEST_CASE("serve: latencies are those of the last ten seconds, errors those of all time") {
    manual_clock clock;
    serve::basic_request_statistics<manual_clock> statistics{clock};
    for (int i = 0; i < 90; ++i) {
        statistics.record(10ms, false);
    }
    for (int i = 0; i < 10; ++i) {
        statistics.record(500ms, true);
    }
    CHECK(std::abs(readings(statistics).at("http_request_p50_ms") - 10) < 0.2);
    CHECK(std::abs(readings(statistics).at("http_request_p95_ms") - 500) < 8);
    CHECK(readings(statistics).at("http_errors_total") == 10);
    CHECK(readings(statistics).at("http_application_requests_total") == 100);
    clock.advance(11s);
    CHECK(std::isnan(readings(statistics).at("http_request_p95_ms")));
    CHECK(readings(statistics).at("http_errors_total") == 10);
}
