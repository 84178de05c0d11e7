// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/export/concepts.hpp>
#include <orfeas/export/encoding.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/otlp_common.hpp>
#include <orfeas/metrics/points.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Metrics in OTLP (opentelemetry.proto.metrics.v1): cumulative sums, gauges and exponential histograms.

namespace orfeas::inline v0::exporting {

namespace otlp {

inline constexpr otlp_field resource_metrics{1, "resourceMetrics"};
inline constexpr otlp_field scope_metrics{2, "scopeMetrics"};
inline constexpr otlp_field metrics_list{2, "metrics"};
inline constexpr otlp_field metric_name{1, "name"};
inline constexpr otlp_field metric_description{2, "description"};
inline constexpr otlp_field metric_unit{3, "unit"};
inline constexpr otlp_field metric_gauge{5, "gauge"};
inline constexpr otlp_field metric_sum{7, "sum"};
inline constexpr otlp_field metric_exponential{10, "exponentialHistogram"};
inline constexpr otlp_field data_points{1, "dataPoints"};
inline constexpr otlp_field temporality{2, "aggregationTemporality"};
inline constexpr otlp_field is_monotonic{3, "isMonotonic"};
inline constexpr otlp_field point_start{2, "startTimeUnixNano"};
inline constexpr otlp_field point_time{3, "timeUnixNano"};
inline constexpr otlp_field number_as_double{4, "asDouble"};
inline constexpr otlp_field number_as_int{6, "asInt"};
inline constexpr otlp_field number_exemplars{5, "exemplars"};
inline constexpr otlp_field number_attributes{7, "attributes"};
inline constexpr otlp_field number_flags{8, "flags"};
inline constexpr otlp_field histogram_attributes{1, "attributes"};
inline constexpr otlp_field histogram_count{4, "count"};
inline constexpr otlp_field histogram_sum{5, "sum"};
inline constexpr otlp_field histogram_scale{6, "scale"};
inline constexpr otlp_field histogram_zero_count{7, "zeroCount"};
inline constexpr otlp_field histogram_positive{8, "positive"};
inline constexpr otlp_field histogram_exemplars{11, "exemplars"};
inline constexpr otlp_field histogram_zero_threshold{14, "zeroThreshold"};
inline constexpr otlp_field buckets_offset{1, "offset"};
inline constexpr otlp_field buckets_counts{2, "bucketCounts"};
inline constexpr otlp_field exemplar_time{2, "timeUnixNano"};
inline constexpr otlp_field exemplar_as_double{3, "asDouble"};
inline constexpr otlp_field exemplar_span_id{4, "spanId"};
inline constexpr otlp_field exemplar_trace_id{5, "traceId"};

inline constexpr std::uint32_t cumulative = 2;
inline constexpr std::uint32_t no_recorded_value = 1;

/// Units as OpenTelemetry has them (UCUM).
constexpr std::string_view ucum(orfeas::unit u) noexcept {
    switch (u) {
    case unit::none:
        return "";
    case unit::bytes:
        return "By";
    case unit::seconds:
        return "s";
    case unit::milliseconds:
        return "ms";
    case unit::ratio:
        return "1";
    case unit::per_second:
        return "1/s";
    case unit::celsius:
        return "Cel";
    case unit::watts:
        return "W";
    }
    return "";
}

/// Writes the families of one collection as the metrics of one scope.
/// Thread-compatible (distinct objects).
template<class Format>
class metrics_document {
  public:
    metrics_document(Format& out, wall_time at) noexcept : out_{out}, now_{unix_ns(at)} {}

    void add(metrics::family_points const& family) {
        auto const metric = out_.begin_element(metrics_list, likely_metric_size);
        out_.text(metric_name, family.name);
        if (!family.help.empty()) {
            out_.text(metric_description, family.help);
        }
        if (auto const unit = ucum(family.unit); !unit.empty()) {
            out_.text(metric_unit, unit);
        }
        write_data(family);
        out_.end(metric);
        points_ += family.points.size();
    }

    std::uint64_t points() const noexcept { return points_; }

  private:
    static constexpr std::size_t likely_metric_size = 1 << 10;

    void write_data(metrics::family_points const& family) {
        using enum metrics::metric_type;
        bool const is_histogram = family.type == histogram;
        auto const kind = is_histogram ? metric_exponential : family.type == gauge ? metric_gauge : metric_sum;
        auto const data = out_.begin(kind, likely_metric_size);
        out_.begin_list(data_points);
        for (auto const& each : family.points) {
            auto const point = out_.begin_element(data_points, is_histogram ? likely_metric_size : 0);
            if (is_histogram) {
                write_histogram(each);
            } else {
                write_number(each, family.type != gauge);
            }
            out_.end(point);
        }
        out_.end_list();
        if (family.type != gauge) {
            out_.uint32(temporality, cumulative);
        }
        if (family.type == counter) {
            out_.boolean(is_monotonic, true);
        }
        out_.end(data);
    }

    void write_times(metrics::point const& from, bool has_start) {
        if (has_start) {
            out_.fixed64(point_start, unix_ns(from.start));
        }
        out_.fixed64(point_time, now_);
    }

    void write_number(metrics::point const& from, bool is_sum) {
        write_times(from, is_sum);
        if (from.number.is_whole) {
            out_.sfixed64(number_as_int, from.number.whole);
        } else if (from.number.value == from.number.value) {
            out_.real(number_as_double, from.number.value);
        }
        if (from.example != nullptr) {
            out_.begin_list(number_exemplars);
            write_exemplar(number_exemplars, *from.example);
            out_.end_list();
        }
        write_labels(number_attributes, from.labels);
        if (!from.number.is_whole && from.number.value != from.number.value) {
            out_.uint32(number_flags, no_recorded_value);
        }
    }

    void write_histogram(metrics::point const& from) {
        auto const& values = *from.histogram;
        write_labels(histogram_attributes, from.labels);
        write_times(from, true);
        out_.fixed64(histogram_count, values.count);
        out_.real(histogram_sum, values.sum);
        out_.sint32(histogram_scale, values.schema);
        out_.fixed64(histogram_zero_count, values.zero_count);
        auto const positive = out_.begin(histogram_positive, 2 * values.counts.size());
        out_.sint32(buckets_offset, values.counts.empty() ? 0 : values.offset - 1); // theirs begin one lower
        out_.numbers(buckets_counts, values.counts);
        out_.end(positive);
        write_examples(values);
        if (values.zero_threshold > 0) {
            out_.real(histogram_zero_threshold, values.zero_threshold);
        }
    }

    void write_examples(metrics::histogram_value const& values) {
        bool is_open = false;
        for (auto const& bucket : values.buckets) {
            if (bucket.example == nullptr) {
                continue;
            }
            if (!std::exchange(is_open, true)) {
                out_.begin_list(histogram_exemplars);
            }
            write_exemplar(histogram_exemplars, *bucket.example);
        }
        if (is_open) {
            out_.end_list();
        }
    }

    void write_exemplar(otlp_field const& list, metrics::exemplar const& from) {
        auto const exemplar = out_.begin_element(list);
        out_.fixed64(exemplar_time, unix_ns(from.at));
        out_.real(exemplar_as_double, from.value);
        if (from.ids.span) {
            out_.id(exemplar_span_id, from.ids.span);
        }
        if (from.ids.trace) {
            out_.id(exemplar_trace_id, from.ids.trace);
        }
        out_.end(exemplar);
    }

    void write_labels(otlp_field const& list, std::span<label const> labels) {
        if (labels.empty()) {
            return;
        }
        out_.begin_list(list);
        for (auto const& each : labels) {
            out_.pair(list, each.name, each.value);
        }
        out_.end_list();
    }

    Format& out_;
    std::uint64_t now_;
    std::uint64_t points_ = 0;
};

} // namespace otlp

/// All metrics at one moment, encoded: one ResourceMetrics.
/// Thread-compatible (distinct objects).
struct metrics_snapshot {
    std::string text;
    std::uint64_t points = 0;
};

/// Collects `source` and encodes what it has, at the time `at`. O(points).
template<metrics::collectable Source>
metrics_snapshot encode_metrics(Source& source, wall_time at, otlp_encoding encoding, std::string_view service,
                                resource_attributes const& more) {
    metrics_snapshot made;
    auto const write = [&](auto& format) {
        constexpr std::size_t likely_size = 1 << 20;
        auto const whole = format.begin_element(otlp::resource_metrics, likely_size);
        otlp::write_resource(format, service, more);
        format.begin_list(otlp::scope_metrics);
        auto const scope = format.begin_element(otlp::scope_metrics, likely_size);
        otlp::write_scope(format, "orfeas", ORFEAS_VERSION_STRING);
        format.begin_list(otlp::metrics_list);
        otlp::metrics_document document{format, at};
        source.collect([&document](metrics::family_points const& family) { document.add(family); });
        made.points = document.points();
        format.end_list();
        format.end(scope);
        format.end_list();
        format.end(whole);
    };
    if (encoding == otlp_encoding::json) {
        json_format format{made.text};
        write(format);
    } else {
        protobuf_format format{made.text};
        write(format);
    }
    return made;
}

/// Collections of metrics as a signal: counted in data points.
/// Thread-compatible (distinct objects).
struct metrics_signal {
    using element = metrics_snapshot;
    static constexpr std::string_view name = "metrics";
    static constexpr std::string_view path = "/v1/metrics";
    static constexpr std::string_view rejected_member = "rejectedDataPoints";

    item_weight weight(element const& each) const noexcept { return {each.points, each.text.capacity() + sizeof each}; }

    /// Several collections make one request: in protobuf messages are merged by standing one behind the other.
    void encode(std::span<element const> batch, otlp_encoding encoding, std::string& out) const {
        bool const is_json = encoding == otlp_encoding::json;
        out.append(is_json ? R"({"resourceMetrics":[)" : "");
        for (auto const& each : batch) {
            out.append(is_json && &each != batch.data() ? "," : "").append(each.text);
        }
        out.append(is_json ? "]}" : "");
    }
};
static_assert(otlp_signal<metrics_signal>);

} // namespace orfeas::inline v0::exporting
