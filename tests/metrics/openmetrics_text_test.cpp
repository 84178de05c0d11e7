// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/metrics/exposition.hpp>
#include <orfeas/metrics/openmetrics_text.hpp>
#include <orfeas/metrics/registry.hpp>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
namespace metrics = orfeas::metrics;

namespace {

/// The document without the registry's own series.
template<class Source>
std::string written(Source const& source) {
    std::string text;
    metrics::openmetrics_text writer{text};
    source.collect(writer);
    writer.finish();
    auto const own = text.find("# TYPE metrics_");
    auto const rest = text.find("# TYPE wait_seconds");
    return own == std::string::npos ? text : text.substr(0, own) + (rest == std::string::npos ? "" : text.substr(rest));
}

} // namespace

TEST_CASE("metrics: OpenMetrics names a counter without _total and tells since when it counts") {
    orfeas::manual_clock clock;
    clock.advance(1'500'000'000'250ms -
                  std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall_now().time_since_epoch()));
    metrics::basic_registry<orfeas::manual_clock> registry{{}, clock};
    auto sent = registry.counter("a_sent_bytes_total", "Sent \"x\"\n.", {{"to", "b"}});
    clock.advance(1s);
    sent.add(7, {{1, 2}, {3}});
    registry.gauge("b_ratio", "").set(0.25);
    CHECK(written(registry) == "# TYPE a_sent_bytes counter\n"
                               "# UNIT a_sent_bytes bytes\n"
                               "# HELP a_sent_bytes Sent \\\"x\\\"\\n.\n"
                               "a_sent_bytes_total{to=\"b\"} 7 # {trace_id=\"00000000000000010000000000000002\","
                               "span_id=\"0000000000000003\"} 7 1500000001.250\n"
                               "a_sent_bytes_created{to=\"b\"} 1500000000.250\n"
                               "# TYPE b_ratio gauge\n"
                               "# UNIT b_ratio ratio\n"
                               "b_ratio 0.25\n");
}

TEST_CASE("metrics: OpenMetrics tells bounds from whole numbers") {
    metrics::registry registry;
    auto wait = registry.histogram("wait_seconds", "Wait.", {{"a", "1"}}, {.lowest = 0.5, .highest = 2});
    wait.observe(0.75, {{1, 2}, {}});
    auto const text = written(registry);
    CHECK_THAT(text, orfeas_test::contains("# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n"
                                           "# HELP wait_seconds Wait.\n"
                                           "wait_seconds_bucket{a=\"1\",le=\"0.5\"} 0\n"
                                           "wait_seconds_bucket{a=\"1\",le=\"1.0\"} 1 # {trace_id="
                                           "\"00000000000000010000000000000002\"} 0.75 "));
    CHECK_THAT(text, orfeas_test::contains("wait_seconds_bucket{a=\"1\",le=\"2.0\"} 1\n"
                                           "wait_seconds_bucket{a=\"1\",le=\"+Inf\"} 1\n"
                                           "wait_seconds_sum{a=\"1\"} 0.75\n"
                                           "wait_seconds_count{a=\"1\"} 1\n"
                                           "wait_seconds_created{a=\"1\"} "));
    CHECK(text.ends_with("# EOF\n"));
}

TEST_CASE("metrics: OpenMetrics has no type for a counter whose name does not say so") {
    metrics::exposition document;
    document.add({"hits", orfeas::measurement_kind::counter, orfeas::unit::none, 3, {}, ""});
    CHECK(written(document) == "# TYPE hits unknown\nhits 3\n# EOF\n");
}
