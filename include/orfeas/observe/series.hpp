// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/metrics/escape.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// One line that a chart can draw: a name with its labels, and what its values mean.
struct series {
    std::string key;                                         ///< `name` or `name{label="value",…}`, unique
    std::string name;                                        ///< of the metric family
    std::vector<std::pair<std::string, std::string>> labels; ///< sorted by name
    measurement_kind kind = measurement_kind::gauge;         ///< of the measurement behind it
    orfeas::unit unit = orfeas::unit::none;                  ///< of the values
    std::string help;                                        ///< one sentence for people
};

/// Appends the key of a series: the name alone, or the name and its labels in braces, as Prometheus
/// writes them.
inline void append_series_key(std::string& out, std::string_view name, std::span<label const> labels) {
    out.append(name);
    if (labels.empty()) {
        return;
    }
    out.push_back('{');
    metrics::append_labels(out, labels);
    out.push_back('}');
}

/// The name under which the rate of a counter is kept: "cache_hits_total" becomes "cache_hits_per_second".
inline std::string rate_name(std::string_view counter) {
    if (counter.ends_with("_total")) {
        counter.remove_suffix(std::string_view{"_total"}.size());
    }
    return std::string{counter}.append("_per_second");
}

} // namespace orfeas::inline v0::observe
