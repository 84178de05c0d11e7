// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/metrics/exposition.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/metrics/registry.hpp>

#include <concepts>

namespace orfeas::inline v0::observe {

/// What has metrics of the application's own, and measures other components besides.
template<class S>
concept metrics_source = measurable<S> && requires(S& s) {
    { s.metrics() } -> std::same_as<metrics::registry&>;
};

/// What `from` measures besides its registry. A measurement whose name a metric has that the application registered, itself
/// or for a sample, is left out: one document has each family once. Linear.
template<metrics_source Source>
metrics::exposition measured_beside_registry(Source& from) {
    auto const& registry = from.metrics();
    metrics::exposition measured;
    from.measure([&](measurement const& m) {
        bool const is_counter = m.kind == measurement_kind::counter && m.name.ends_with("_total");
        if (!registry.has_name_of(m.name, is_counter ? metrics::metric_type::counter : metrics::metric_type::gauge)) {
            measured.add(m);
        }
    });
    return measured;
}

} // namespace orfeas::inline v0::observe
