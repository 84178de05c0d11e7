// SPDX-License-Identifier: MIT
#include "otlp_decode.hpp"
#include "support/catch.hpp"

#include <orfeas/export/otlp_metrics.hpp>

#include <limits>
#include <string>
#include <vector>

namespace exporting = orfeas::exporting;
namespace metrics = orfeas::metrics;
using namespace std::chrono_literals;
using exporting::otlp_encoding;
using orfeas::unit;
using orfeas_test::json;

namespace {

orfeas::wall_time const began{1'700'000'000s};
orfeas::wall_time const now{1'700'000'060s};

/// Hands out what a test has put together.
struct source {
    std::vector<metrics::family_points> families;
    void collect(metrics::family_sink sink) {
        for (auto const& each : families) {
            sink(each);
        }
    }
};
static_assert(metrics::collectable<source>);

std::string encoded(source& from, otlp_encoding encoding, int times = 1) {
    std::vector<exporting::metrics_snapshot> batch;
    for (int i = 0; i < times; ++i) {
        batch.push_back(exporting::encode_metrics(from, now, encoding, "studio", {{"host.name", "h"}}));
    }
    std::string out;
    exporting::metrics_signal{}.encode(batch, encoding, out);
    return out;
}

/// Both encodings, shown to agree, in the common form.
json both(source& from, int times = 1) {
    auto const plain = orfeas_test::from_json(encoded(from, otlp_encoding::json, times));
    auto const binary =
        orfeas_test::from_protobuf(encoded(from, otlp_encoding::protobuf, times), "ExportMetricsServiceRequest");
    if (binary) {
        CHECK(*binary == plain);
    } else {
        WARN("protoc is not installed: the protobuf encoding is not looked at");
    }
    return plain;
}

json const& metric_of(json const& request, std::size_t index) {
    return request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][index];
}

metrics::number whole(std::int64_t value) {
    return {static_cast<double>(value), value, true};
}

} // namespace

TEST_CASE("otlp: counters are monotonic sums, up-down counters sums, gauges gauges", "[export][otlp_metrics]") {
    orfeas::label const labels[] = {{"method", "GET"}, {"route", "/"}};
    metrics::exemplar const example{{{1, 2}, {3}}, 1.5, began + 5s};
    metrics::point counted[2];
    counted[0].labels = labels;
    counted[0].start = began;
    counted[0].number = whole((std::int64_t{1} << 60) + 1); // beyond what a double holds
    counted[0].example = &example;
    counted[1].start = began;
    counted[1].number = {2.5, 0, false};
    metrics::point level[1];
    level[0].start = began;
    level[0].number = whole(-3);
    metrics::point gone[1];
    gone[0].number = {std::numeric_limits<double>::quiet_NaN(), 0, false};
    source from{{{"requests_total", "Requests.", metrics::metric_type::counter, unit::none, counted},
                 {"queue_bytes", "", metrics::metric_type::up_down_counter, unit::bytes, level},
                 {"temperature_celsius", "Heat.", metrics::metric_type::gauge, unit::celsius, gone}}};
    auto const request = both(from);

    auto const& counter = metric_of(request, 0);
    CHECK(counter["name"][0] == "requests_total");
    CHECK(counter["description"][0] == "Requests.");
    CHECK(counter["sum"][0]["aggregationTemporality"][0] == "2");
    CHECK(counter["sum"][0]["isMonotonic"][0] == "true");
    auto const& first = counter["sum"][0]["dataPoints"][0];
    CHECK(first["asInt"][0] == "1152921504606846977");
    CHECK(first["startTimeUnixNano"][0] == "1700000000000000000");
    CHECK(first["timeUnixNano"][0] == "1700000060000000000");
    CHECK(first["attributes"][1]["key"][0] == "route");
    CHECK(first["attributes"][1]["value"][0]["stringValue"][0] == "/");
    auto const& shown = first["exemplars"][0];
    CHECK(shown["asDouble"][0] == "1.5");
    CHECK(shown["traceId"][0] == "00000000000000010000000000000002");
    CHECK(shown["spanId"][0] == "0000000000000003");
    CHECK(shown["timeUnixNano"][0] == "1700000005000000000");
    CHECK(counter["sum"][0]["dataPoints"][1]["asDouble"][0] == "2.5");

    auto const& up_down = metric_of(request, 1);
    CHECK(up_down["unit"][0] == "By");
    CHECK_FALSE(up_down["sum"][0].contains("isMonotonic"));
    CHECK(up_down["sum"][0]["dataPoints"][0]["asInt"][0] == "-3");

    auto const& gauge = metric_of(request, 2);
    CHECK(gauge["unit"][0] == "Cel");
    auto const& nothing = gauge["gauge"][0]["dataPoints"][0];
    CHECK(nothing["flags"][0] == "1"); // no recorded value
    CHECK_FALSE(nothing.contains("asDouble"));
    CHECK_FALSE(nothing.contains("startTimeUnixNano"));
}

TEST_CASE("otlp: a histogram is exponential, its buckets numbered one lower", "[export][otlp_metrics]") {
    metrics::exemplar const example{{{1, 2}, {3}}, 0.75, began};
    metrics::classic_bucket classic[2];
    classic[0].cumulative = 4;
    classic[1].cumulative = 9;
    classic[1].example = &example;
    std::vector<std::uint64_t> const counts{3, 0, 300, 1};
    metrics::histogram_value value;
    value.count = 310;
    value.sum = 12.25;
    value.zero_threshold = 1e-9;
    value.zero_count = 6;
    value.schema = -2;
    value.offset = -7;
    value.counts = counts;
    value.buckets = classic;
    metrics::histogram_value const empty;
    metrics::point points[2];
    points[0].start = points[1].start = began;
    points[0].histogram = &value;
    points[1].histogram = &empty;
    source from{{{"latency_seconds", "", metrics::metric_type::histogram, unit::seconds, points}}};
    auto const request = both(from);

    auto const& histogram = metric_of(request, 0)["exponentialHistogram"][0];
    CHECK(metric_of(request, 0)["unit"][0] == "s");
    CHECK(histogram["aggregationTemporality"][0] == "2");
    auto const& point = histogram["dataPoints"][0];
    CHECK(point["count"][0] == "310");
    CHECK(point["sum"][0] == "12.25");
    CHECK(point["scale"][0] == "-2");
    CHECK(point["zeroCount"][0] == "6");
    CHECK(point["zeroThreshold"][0] == "1e-09");
    CHECK(point["positive"][0]["offset"][0] == "-8");
    CHECK(point["positive"][0]["bucketCounts"] == json{"3", "0", "300", "1"});
    CHECK(point["exemplars"].size() == 1);
    CHECK(point["exemplars"][0]["asDouble"][0] == "0.75");
    CHECK_FALSE(histogram["dataPoints"][1].contains("count"));
}

TEST_CASE("otlp: several collections make one request", "[export][otlp_metrics]") {
    metrics::point level[3];
    source from{{{"a", "", metrics::metric_type::gauge, unit::none, level}}};
    auto const request = both(from, 3);
    CHECK(request["resourceMetrics"].size() == 3);
    auto const snapshot = exporting::encode_metrics(from, now, otlp_encoding::protobuf, "", {});
    CHECK(snapshot.points == 3);
    CHECK(exporting::metrics_signal{}.weight(snapshot).items == 3);
    CHECK(exporting::metrics_signal{}.weight(snapshot).bytes > snapshot.text.size());
}
