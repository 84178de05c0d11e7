// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/metrics/detail/text_format.hpp>
#include <orfeas/metrics/escape.hpp>
#include <orfeas/metrics/names.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::metrics {

/// The media type of what this module writes.
inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Gathers measurements of any components and writes them as one Prometheus text document: families sorted by name, each
/// with its help and type once, series sorted by labels. It keeps copies, so it can be the sink of any `measure`.
///
/// What would break a scrape is refused and counted: a name or label name that Prometheus does not take, a label given
/// twice, a second value of one series, a family that is both counter and gauge.
/// Thread-compatible (distinct objects).
class exposition {
  public:
    /// Keeps one measurement; false if it was refused. O(log n).
    bool add(measurement const& m) {
        std::vector<label> labels{m.labels.begin(), m.labels.end()};
        std::sort(labels.begin(), labels.end(), [](label const& a, label const& b) { return a.name < b.name; });
        if (!is_writable(m.name, labels)) {
            ++refused_;
            return false;
        }
        std::string text;
        append_labels(text, labels);
        auto const at = families_.try_emplace(std::string{m.name}, family{m.kind, std::string{m.help}, {}}).first;
        if (at->second.kind != m.kind || !at->second.series.try_emplace(std::move(text), m.value).second) {
            ++refused_;
            return false;
        }
        return true;
    }

    /// How many measurements were refused.
    std::size_t refused() const noexcept { return refused_; }

    /// Appends the document. Linear.
    void write_prometheus(std::string& out) const {
        for (auto const& [name, each] : families_) {
            detail::append_header(out, name, to_string(each.kind), each.help);
            for (auto const& [labels, value] : each.series) {
                detail::append_sample(out, name, labels, value);
            }
        }
    }

  private:
    struct family {
        measurement_kind kind;
        std::string help;
        std::map<std::string, double> series; // by the text of their labels
    };

    static bool is_writable(std::string_view name, std::span<label const> sorted) {
        bool writable = is_metric_name(name);
        for (std::size_t i = 0; writable && i < sorted.size(); ++i) {
            writable = is_label_name(sorted[i].name) && (i == 0 || sorted[i].name != sorted[i - 1].name);
        }
        return writable;
    }

    std::map<std::string, family> families_;
    std::size_t refused_ = 0;
};

/// Appends a list of measurements as one Prometheus text document; gives the number of refused ones (see `exposition`).
inline std::size_t write_prometheus(std::string& out, std::span<measurement const> measurements) {
    exposition document;
    for (measurement const& each : measurements) {
        document.add(each);
    }
    document.write_prometheus(out);
    return document.refused();
}

} // namespace orfeas::inline v0::metrics
