// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/metrics/detail/text_format.hpp>
#include <orfeas/metrics/points.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace orfeas::inline v0::metrics {

/// The media type of the Prometheus text format 0.0.4.
inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Writes families in the Prometheus text format 0.0.4 to the end of a string: each with its help and type once,
/// histograms with cumulative buckets at powers of two. Pass it to `collect` of one or several collectables. Allocates
/// nothing where the string has the capacity.
/// Source: prometheus.io/docs/instrumenting/exposition_formats.
/// Thread-compatible (distinct objects).
class prometheus_text {
  public:
    explicit prometheus_text(std::string& out) noexcept : out_{&out} {}

    void operator()(family_points const& family) {
        detail::append_header(*out_, family.name, to_string(family.type), family.help);
        for (point const& each : family.points) {
            if (each.histogram != nullptr) {
                write(family.name, each, *each.histogram);
            } else {
                detail::append_name(*out_, family.name, "", each.labels);
                detail::append_value(*out_, each.number);
                out_->push_back('\n');
            }
        }
    }

    /// Ends the document, which in this format takes nothing.
    void finish() noexcept {}

  private:
    void write(std::string_view name, point const& each, histogram_value const& values) {
        detail::bucket_lines lines{*out_, name, each.labels};
        for (classic_bucket const& bucket : values.buckets) {
            lines.append(bucket.bound, bucket.cumulative);
            out_->push_back('\n');
        }
        detail::append_name(*out_, name, "_sum", each.labels);
        detail::append_number(*out_, values.sum);
        out_->push_back('\n');
        detail::append_name(*out_, name, "_count", each.labels);
        detail::append_whole(*out_, values.count);
        out_->push_back('\n');
    }

    std::string* out_;
};

} // namespace orfeas::inline v0::metrics
