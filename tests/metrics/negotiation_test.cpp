// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/exposition.hpp>
#include <orfeas/metrics/negotiation.hpp>
#include <orfeas/metrics/registry.hpp>

#include <string>

namespace metrics = orfeas::metrics;
using metrics::negotiate;
using enum metrics::exposition_format;

TEST_CASE("metrics: the format is the one that the client prefers") {
    CHECK(negotiate("") == prometheus_text);
    CHECK(negotiate("*/*") == prometheus_text);
    CHECK(negotiate("text/html,application/xhtml+xml,*/*;q=0.8") == prometheus_text);
    CHECK(negotiate("application/json") == prometheus_text);
    CHECK(negotiate("application/openmetrics-text") == openmetrics_text);
    CHECK(negotiate("Application/OpenMetrics-Text; Version=\"1.0.0\"") == openmetrics_text);
    CHECK(negotiate("application/openmetrics-text;version=2.0.0,text/plain;q=0.1") == prometheus_text);
    CHECK(negotiate("text/plain;q=0.4,application/openmetrics-text;q=0.5") == openmetrics_text);
    CHECK(negotiate("text/plain;q=0.5,application/openmetrics-text;q=0.5") == prometheus_text);
    CHECK(negotiate("application/openmetrics-text;q=0") == prometheus_text);
}

TEST_CASE("metrics: Prometheus gets what it asks for") {
    // 2.42 without and with native histograms, and 2.55
    CHECK(negotiate("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == openmetrics_text);
    CHECK(
        negotiate("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
                  "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
                  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == prometheus_protobuf);
    CHECK(negotiate("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2") == openmetrics_text);
}

TEST_CASE("metrics: a malformed Accept field is no error") {
    for (char const* const text : {",", ";", ";;q", "a/b;q=", "text/plain;q=7", "text/plain;q=-1", "text/plain;q=0.5x",
                                   "application/openmetrics-text;q=1.5", "=;=,=", "\xff\x00;", "*/*;q=1.001"}) {
        CHECK(negotiate(text) == prometheus_text);
    }
    CHECK(negotiate("application/vnd.google.protobuf;proto=other.Message;encoding=delimited") == prometheus_text);
    CHECK(negotiate("application/vnd.google.protobuf;encoding=text") == prometheus_text);
}

TEST_CASE("metrics: one document has the families of several sources") {
    metrics::registry registry;
    registry.counter("calls_total", "Calls.").add();
    metrics::exposition others;
    others.add({"free_bytes", orfeas::measurement_kind::gauge, orfeas::unit::bytes, 5, {}, "Free."});
    std::string text;
    metrics::write(text, prometheus_text, registry, others);
    CHECK_THAT(text, orfeas_test::contains("calls_total 1\n") && orfeas_test::contains("free_bytes 5\n"));
    text.clear();
    metrics::write(text, openmetrics_text, registry, others);
    CHECK_THAT(text, orfeas_test::contains("calls_total 1\n") && orfeas_test::contains("free_bytes 5\n"));
    CHECK(text.ends_with("\n# EOF\n"));
    CHECK(text.find("# EOF") == text.size() - 6);
    text.clear();
    metrics::write(text, prometheus_protobuf, registry, others);
    CHECK_THAT(text, orfeas_test::contains("calls_total") && orfeas_test::contains("free_bytes"));
    CHECK(metrics::content_type_of(openmetrics_text).starts_with("application/openmetrics-text"));
}
