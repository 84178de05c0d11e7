// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/metrics/escape.hpp>
#include <orfeas/metrics/names.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/metrics/prometheus_text.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::metrics {

/// Gathers measurements of any components and hands them out as families of points, which every format is written from:
/// families sorted by name, series sorted by labels. It keeps copies, so it can be the sink of any `measure`.
///
/// What would break a scrape is refused and counted: a name or label name that Prometheus does not take, a label given
/// twice, a second value of one series, a family that is both counter and gauge, in OpenMetrics too, which has a counter
/// `x_total` as `x`.
/// Thread-compatible (distinct objects).
class exposition {
  public:
    /// Keeps one measurement; false if it was refused. O(log n).
    bool add(measurement const& m) {
        std::vector<label> labels{m.labels.begin(), m.labels.end()};
        std::sort(labels.begin(), labels.end(), [](label const& a, label const& b) { return a.name < b.name; });
        if (!is_writable(m.name, labels) || is_taken(m)) {
            ++refused_;
            return false;
        }
        std::string text;
        append_labels(text, labels);
        auto const at =
            families_.try_emplace(std::string{m.name}, family{m.kind, m.unit, std::string{m.help}, {}}).first;
        if (at->second.kind != m.kind || !at->second.series.try_emplace(std::move(text), labels, m.value).second) {
            ++refused_;
            return false;
        }
        return true;
    }

    /// How many measurements were refused.
    std::size_t refused() const noexcept { return refused_; }

    /// Hands out every family. Linear.
    void collect(family_sink sink) const {
        std::vector<label> labels;
        std::vector<point> points;
        for (auto const& [name, each] : families_) {
            each.copy_to(points, labels);
            auto const type = each.kind == measurement_kind::counter ? metric_type::counter : metric_type::gauge;
            sink({name, each.help, type, each.unit, points});
        }
    }

    /// Appends the document in the Prometheus text format 0.0.4. Linear.
    void write_prometheus(std::string& out) const {
        prometheus_text writer{out};
        collect(writer);
    }

  private:
    struct stored_series {
        stored_series(std::span<label const> from, double measured) : value{measured} {
            for (auto const& [name, of] : from) {
                labels.emplace_back(name, of);
            }
        }

        std::vector<std::pair<std::string, std::string>> labels;
        double value;
    };

    struct family {
        /// Views of all series, in the order of their labels.
        void copy_to(std::vector<point>& points, std::vector<label>& labels) const {
            labels.clear();
            points.clear();
            for (auto const& [text, each] : series) {
                for (auto const& [name, value] : each.labels) {
                    labels.push_back({name, value});
                }
            }
            std::size_t next = 0;
            for (auto const& [text, each] : series) {
                points.push_back({});
                points.back().labels = std::span{labels}.subspan(next, each.labels.size());
                points.back().number.value = each.value;
                next += each.labels.size();
            }
        }

        measurement_kind kind;
        orfeas::unit unit;
        std::string help;
        std::map<std::string, stored_series> series; // by the text of their labels
    };

    /// Whether OpenMetrics would mix up a new family with one that there is: a counter is there also without its `_total`, and
    /// with `_created`.
    bool is_taken(measurement const& m) const {
        if (families_.contains(std::string{m.name})) {
            return false; // is looked at where it is kept
        }
        auto const is_counter = [this](std::string const& name) {
            auto const found = families_.find(name);
            return found != families_.end() && found->second.kind == measurement_kind::counter;
        };
        std::string const stem{without_total(m.name)};
        if (m.kind == measurement_kind::counter && stem.size() < m.name.size()) {
            return families_.contains(stem) || families_.contains(stem + "_created");
        }
        constexpr std::string_view created = "_created";
        return is_counter(std::string{m.name} + "_total") ||
               (m.name.ends_with(created) &&
                is_counter(std::string{m.name.substr(0, m.name.size() - created.size())} + "_total"));
    }

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
static_assert(collectable<exposition const>);

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
