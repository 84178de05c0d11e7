// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/protobuf_writer.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/metrics/points.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace orfeas::inline v0::metrics {

/// The media type of delimited protobuf, in which alone Prometheus takes native histograms from a scrape.
inline constexpr std::string_view protobuf_content_type =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Writes families as delimited `io.prometheus.client.MetricFamily` messages to the end of a string: histograms with their
/// exponential buckets as native histograms and with their classic buckets, exemplars of counters and buckets. Pass it to
/// `collect` of one or several collectables. Allocates nothing where the string has the capacity.
/// Source: github.com/prometheus/client_model, io/prometheus/client/metrics.proto.
/// Thread-compatible (distinct objects).
class prometheus_protobuf {
  public:
    explicit prometheus_protobuf(std::string& out) noexcept : out_{&out} {}

    void operator()(family_points const& family) {
        protobuf_writer out{*out_};
        auto const message = out.begin_delimited(family.points.size() * 64);
        out.text(1, family.name);
        if (!family.help.empty()) {
            out.text(2, family.help);
        }
        out.uint64(3, type_of(family.type));
        for (point const& each : family.points) {
            write(out, family.type, each);
        }
        out.end(message);
    }

    /// Ends the document, which in this format takes nothing.
    void finish() noexcept {}

  private:
    static std::uint64_t type_of(metric_type type) noexcept {
        return type == metric_type::counter ? 0 : type == metric_type::histogram ? 4 : 1;
    }

    static void write(protobuf_writer& out, metric_type type, point const& each) {
        auto const metric = out.begin(4, each.histogram != nullptr ? 512 : 0);
        for (auto const& [name, value] : each.labels) {
            auto const pair = out.begin(1);
            out.text(1, name);
            out.text(2, value);
            out.end(pair);
        }
        if (each.histogram != nullptr) {
            write_histogram(out, each, *each.histogram);
        } else if (type == metric_type::counter) {
            write_counter(out, each);
        } else {
            auto const gauge = out.begin(2);
            out.number(1, each.number.value);
            out.end(gauge);
        }
        out.end(metric);
    }

    static void write_counter(protobuf_writer& out, point const& each) {
        auto const counter = out.begin(3);
        out.number(1, each.number.value);
        if (each.example != nullptr) {
            write_exemplar(out, 2, *each.example);
        }
        write_start(out, 3, each);
        out.end(counter);
    }

    static void write_histogram(protobuf_writer& out, point const& each, histogram_value const& values) {
        auto const histogram = out.begin(7, 512);
        out.uint64(1, values.count);
        out.number(2, values.sum);
        for (classic_bucket const& bucket : values.buckets) {
            write_bucket(out, bucket);
        }
        out.sint64(5, values.schema);
        out.number(6, values.zero_threshold);
        out.uint64(7, values.zero_count);
        if (!values.counts.empty()) {
            write_exponential(out, values);
        }
        write_start(out, 15, each);
        out.end(histogram);
    }

    static void write_bucket(protobuf_writer& out, classic_bucket const& bucket) {
        auto const message = out.begin(3);
        out.uint64(1, bucket.cumulative);
        out.number(2, bucket.upper_bound);
        if (bucket.example != nullptr) {
            write_exemplar(out, 3, *bucket.example);
        }
        out.end(message);
    }

    /// Spans of buckets in use, each with its distance from the one before, and how each count differs from the one before.
    /// A short gap is cheaper as buckets that are zero than as a span of its own.
    static void write_exponential(protobuf_writer& out, histogram_value const& values) {
        std::span<std::uint64_t const> const counts = values.counts;
        std::int64_t gap = values.offset;
        for (std::size_t at = 0; at < counts.size();) {
            std::size_t const end = end_of_span(counts, at);
            auto const span = out.begin(12);
            out.sint64(1, gap);
            out.uint64(2, end - at);
            out.end(span);
            at = start_of_span(counts, end);
            gap = static_cast<std::int64_t>(at - end);
        }
        std::uint64_t before = 0;
        auto const deltas = out.begin(13, counts.size());
        for (std::size_t at = 0; at < counts.size();) {
            std::size_t const end = end_of_span(counts, at);
            for (; at < end; ++at) {
                out.packed_sint64(static_cast<std::int64_t>(counts[at] - before));
                before = counts[at];
            }
            at = start_of_span(counts, end);
        }
        out.end(deltas);
    }

    static constexpr std::size_t shortest_gap = 3;

    static std::size_t start_of_span(std::span<std::uint64_t const> counts, std::size_t at) noexcept {
        while (at < counts.size() && counts[at] == 0) {
            ++at;
        }
        return at;
    }
    static std::size_t end_of_span(std::span<std::uint64_t const> counts, std::size_t at) noexcept {
        for (;;) {
            while (at < counts.size() && counts[at] != 0) {
                ++at;
            }
            std::size_t const next = start_of_span(counts, at);
            if (next == counts.size() || next - at >= shortest_gap) {
                return at;
            }
            at = next;
        }
    }

    static void write_exemplar(protobuf_writer& out, std::uint32_t field, exemplar const& from) {
        auto const message = out.begin(field);
        hex const trace_high{from.ids.trace.high};
        hex const trace_low{from.ids.trace.low};
        write_label(out, "trace_id", trace_high.view(), trace_low.view());
        if (from.ids.span) {
            hex const span{from.ids.span.value};
            write_label(out, "span_id", span.view(), {});
        }
        out.number(2, from.value);
        write_time(out, 3, from.at);
        out.end(message);
    }

    static void write_label(protobuf_writer& out, std::string_view name, std::string_view first,
                            std::string_view second) {
        std::array<char, 32> value;
        first.copy(value.data(), first.size());
        second.copy(value.data() + first.size(), second.size());
        auto const pair = out.begin(1);
        out.bytes(1, name);
        out.bytes(2, {value.data(), first.size() + second.size()});
        out.end(pair);
    }

    static void write_start(protobuf_writer& out, std::uint32_t field, point const& each) {
        if (each.start != wall_time{}) {
            write_time(out, field, each.start);
        }
    }

    static void write_time(protobuf_writer& out, std::uint32_t field, wall_time at) {
        auto const since = std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
        constexpr std::int64_t second = 1'000'000'000;
        auto const message = out.begin(field);
        out.int64(1, since / second);
        out.int64(2, since % second);
        out.end(message);
    }

    /// 16 digits.
    class hex {
      public:
        explicit hex(std::uint64_t word) noexcept {
            static constexpr char of[] = "0123456789abcdef";
            for (std::size_t i = 0; i < digits_.size(); ++i) {
                digits_[i] = of[word >> (60 - 4 * i) & 15U];
            }
        }
        std::string_view view() const noexcept { return {digits_.data(), digits_.size()}; }

      private:
        std::array<char, 16> digits_;
    };

    std::string* out_;
};

} // namespace orfeas::inline v0::metrics
