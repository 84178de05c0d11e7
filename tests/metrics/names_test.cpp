// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/names.hpp>

namespace metrics = orfeas::metrics;
using orfeas::unit;

TEST_CASE("metrics: names follow the Prometheus grammar") {
    CHECK(metrics::is_metric_name("http_requests_total"));
    CHECK(metrics::is_metric_name("job:rate5m"));
    CHECK(metrics::is_metric_name("_x9"));
    CHECK_FALSE(metrics::is_metric_name(""));
    CHECK_FALSE(metrics::is_metric_name("9x"));
    CHECK_FALSE(metrics::is_metric_name("a.b"));
    CHECK_FALSE(metrics::is_metric_name("h\xC3\xA9"));
    CHECK(metrics::is_label_name("route"));
    CHECK(metrics::is_label_name("_route"));
    CHECK_FALSE(metrics::is_label_name("__name__"));
    CHECK_FALSE(metrics::is_label_name("a:b"));
    CHECK_FALSE(metrics::is_label_name(""));
}

TEST_CASE("metrics: the unit is what the name ends in") {
    CHECK(metrics::unit_of_name("memory_free_bytes") == unit::bytes);
    CHECK(metrics::unit_of_name("sent_bytes_total") == unit::bytes);
    CHECK(metrics::unit_of_name("wait_seconds") == unit::seconds);
    CHECK(metrics::unit_of_name("http_request_p95_ms") == unit::milliseconds);
    CHECK(metrics::unit_of_name("wait_milliseconds") == unit::milliseconds);
    CHECK(metrics::unit_of_name("hit_ratio") == unit::ratio);
    CHECK(metrics::unit_of_name("requests_per_second") == unit::per_second);
    CHECK(metrics::unit_of_name("gpu_celsius") == unit::celsius);
    CHECK(metrics::unit_of_name("gpu_watts") == unit::watts);
    CHECK(metrics::unit_of_name("requests_total") == unit::none);
    CHECK(metrics::unit_of_name("bytes") == unit::none);
}
