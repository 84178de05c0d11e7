// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/protobuf_writer.hpp>
#include <orfeas/metrics/prometheus_protobuf.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace metrics = orfeas::metrics;
using orfeas::protobuf_writer;

// That Prometheus and protoc read what is written is the subject of tests/conformance/prometheus_test.py.

namespace {

std::string written(metrics::family_points const& family) {
    std::string text;
    metrics::prometheus_protobuf writer{text};
    writer(family);
    writer.finish();
    return text;
}

/// Whether a document holds the bytes of some fields.
template<class Fill>
bool holds(std::string const& text, Fill fill) {
    std::string fields;
    {
        protobuf_writer out{fields};
        fill(out);
    }
    return text.find(fields) != std::string::npos;
}

} // namespace

TEST_CASE("metrics: a gauge is a delimited MetricFamily") {
    std::array const labels{orfeas::label{"a", "1"}};
    std::array<metrics::point, 1> points{};
    points[0].labels = labels;
    points[0].number.value = 1.0;
    auto const text = written({"x", "H", metrics::metric_type::gauge, orfeas::unit::none, points});
    CHECK(text.size() == 30);
    CHECK(text.front() == 29);
    CHECK(holds(text, [](protobuf_writer& out) {
        out.text(1, "x");
        out.text(2, "H");
        out.uint64(3, 1);
        auto const metric = out.begin(4);
        auto const pair = out.begin(1);
        out.text(1, "a");
        out.text(2, "1");
        out.end(pair);
        auto const gauge = out.begin(2);
        out.number(1, 1.0);
        out.end(gauge);
        out.end(metric);
    }));
}

TEST_CASE("metrics: a counter carries its exemplar and its start") {
    metrics::exemplar const example{{{1, 2}, {3}}, 4.0, orfeas::wall_time{std::chrono::milliseconds{1'500}}};
    std::array<metrics::point, 1> points{};
    points[0].number.value = 7.0;
    points[0].example = &example;
    points[0].start = orfeas::wall_time{std::chrono::seconds{1}};
    auto const text = written({"x_total", "", metrics::metric_type::counter, orfeas::unit::none, points});
    CHECK(holds(text, [](protobuf_writer& out) {
        auto const counter = out.begin(3);
        out.number(1, 7.0);
        auto const exemplar = out.begin(2);
        auto const trace = out.begin(1);
        out.text(1, "trace_id");
        out.text(2, "00000000000000010000000000000002");
        out.end(trace);
        auto const span = out.begin(1);
        out.text(1, "span_id");
        out.text(2, "0000000000000003");
        out.end(span);
        out.number(2, 4.0);
        auto const at = out.begin(3);
        out.uint64(1, 1);
        out.uint64(2, 500'000'000);
        out.end(at);
        out.end(exemplar);
        auto const start = out.begin(3);
        out.uint64(1, 1);
        out.uint64(2, 0);
        out.end(start);
        out.end(counter);
    }));
}

TEST_CASE("metrics: buckets in use are spans, and a long gap begins another") {
    std::vector<std::uint64_t> const counts{3, 0, 0, 5, 0, 0, 0, 1, 2};
    std::array const buckets{metrics::classic_bucket{1.0, "1", 4, nullptr},
                             metrics::classic_bucket{std::numeric_limits<double>::infinity(), "+Inf", 15, nullptr}};
    metrics::histogram_value values{};
    values.count = 15;
    values.sum = 2.5;
    values.zero_threshold = 0.5;
    values.zero_count = 4;
    values.schema = -1;
    values.offset = -7;
    values.counts = counts;
    values.buckets = buckets;
    std::array<metrics::point, 1> points{};
    points[0].histogram = &values;
    auto const text = written({"x", "", metrics::metric_type::histogram, orfeas::unit::none, points});
    CHECK(holds(text, [](protobuf_writer& out) {
        out.sint64(5, -1);
        out.number(6, 0.5);
        out.uint64(7, 4);
        auto const first = out.begin(12);
        out.sint64(1, -7);
        out.uint64(2, 4);
        out.end(first);
        auto const second = out.begin(12);
        out.sint64(1, 3);
        out.uint64(2, 2);
        out.end(second);
        auto const deltas = out.begin(13);
        for (int const delta : {3, -3, 0, 5, -4, 1}) {
            out.packed_sint64(delta);
        }
        out.end(deltas);
    }));
    CHECK(holds(text, [](protobuf_writer& out) {
        auto const bucket = out.begin(3);
        out.uint64(1, 15);
        out.number(2, std::numeric_limits<double>::infinity());
        out.end(bucket);
    }));
}
