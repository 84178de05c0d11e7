// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/trace_id.hpp>
#include <orfeas/metrics/detail/text_format.hpp>
#include <orfeas/metrics/escape.hpp>
#include <orfeas/metrics/names.hpp>
#include <orfeas/metrics/points.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::metrics {

/// The media type of OpenMetrics 1.0.
inline constexpr std::string_view openmetrics_content_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Writes families as OpenMetrics 1.0 to the end of a string: with units, the time since when a series counts, and exemplars
/// of counters and buckets that carry `trace_id` and `span_id`. Pass it to `collect` of one or several collectables, then
/// call `finish`. Allocates nothing where the string has the capacity.
/// Source: github.com/prometheus/OpenMetrics, specification/OpenMetrics.md.
/// Thread-compatible (distinct objects).
class openmetrics_text {
  public:
    explicit openmetrics_text(std::string& out) noexcept : out_{&out} {}

    void operator()(family_points const& family) {
        bool const is_counter = family.type == metric_type::counter && family.name.ends_with("_total");
        std::string_view const name = is_counter ? without_total(family.name) : family.name;
        introduce(family, name, is_counter);
        for (point const& each : family.points) {
            if (each.histogram != nullptr) {
                write(name, each, *each.histogram);
            } else {
                detail::append_name(*out_, name, is_counter ? "_total" : "", each.labels);
                detail::append_value(*out_, each.number);
                end_line(is_counter ? each.example : nullptr);
            }
            if (is_counter || each.histogram != nullptr) {
                write_created(name, each);
            }
        }
    }

    /// Ends the document.
    void finish() { out_->append("# EOF\n"); }

  private:
    /// A counter whose name does not say so has no place in OpenMetrics, so its type is unknown.
    void introduce(family_points const& family, std::string_view name, bool is_counter) {
        bool const is_unknown = family.type == metric_type::counter && !is_counter;
        out_->append("# TYPE ").append(name).append(" ");
        out_->append(is_unknown ? "unknown" : to_string(family.type)).push_back('\n');
        if (std::string_view const unit = unit_text_of_name(name); !unit.empty()) {
            out_->append("# UNIT ").append(name).append(" ").append(unit).push_back('\n');
        }
        if (!family.help.empty()) {
            out_->append("# HELP ").append(name).append(" ");
            append_escaped(*out_, family.help, text_place::label_value);
            out_->push_back('\n');
        }
    }

    void write(std::string_view name, point const& each, histogram_value const& values) {
        detail::bucket_lines lines{*out_, name, each.labels};
        for (classic_bucket const& bucket : values.buckets) {
            // bounds are told from whole numbers: 1.0, not 1
            lines.append(bucket.bound, bucket.cumulative, is_whole(bucket.bound) ? ".0" : "");
            end_line(bucket.example);
        }
        detail::append_name(*out_, name, "_sum", each.labels);
        detail::append_number(*out_, values.sum);
        out_->push_back('\n');
        detail::append_name(*out_, name, "_count", each.labels);
        detail::append_whole(*out_, values.count);
        out_->push_back('\n');
    }

    static bool is_whole(std::string_view bound) noexcept {
        for (char const c : bound) {
            if ((c < '0' || c > '9') && c != '-') {
                return false;
            }
        }
        return true;
    }

    void write_created(std::string_view name, point const& each) {
        if (each.start != wall_time{}) {
            detail::append_name(*out_, name, "_created", each.labels);
            append_time(each.start);
            out_->push_back('\n');
        }
    }

    void end_line(exemplar const* example) {
        if (example != nullptr) {
            out_->append(" # {trace_id=\"");
            append_hex(example->ids.trace.high);
            append_hex(example->ids.trace.low);
            if (example->ids.span) {
                out_->append("\",span_id=\"");
                append_hex(example->ids.span.value);
            }
            out_->append("\"} ");
            detail::append_number(*out_, example->value);
            out_->push_back(' ');
            append_time(example->at);
        }
        out_->push_back('\n');
    }

    void append_hex(std::uint64_t word) { orfeas::detail::append_hex(*out_, word); }

    /// Seconds since the Unix epoch, to the millisecond.
    void append_time(wall_time at) {
        auto const milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
        auto const whole = static_cast<std::uint64_t>(milliseconds < 0 ? 0 : milliseconds);
        detail::append_whole(*out_, whole / 1'000);
        std::uint64_t const rest = whole % 1'000;
        out_->append(rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
        detail::append_whole(*out_, rest);
    }

    std::string* out_;
};

} // namespace orfeas::inline v0::metrics
