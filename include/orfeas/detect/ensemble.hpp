// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/correlation_detector.hpp>
#include <orfeas/detect/correlation_options.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/metric_options.hpp>
#include <orfeas/detect/per_metric.hpp>
#include <orfeas/detect/pipeline.hpp>

#include <cstddef>

namespace orfeas::inline v0::detect {

/// Judges several metrics by all questions: each on its own by a metric_detector, and whether they still go together by a
/// correlation_detector. The detector to start with where there are several metrics.
///
///     detect::ensemble judge{3};
///     double const values[] = {cpu, queue, latency};
///     if (judge.update({now, values}).is_anomalous()) { … }
///
/// As a pipeline: `verdicts()` tells what either part said. Linear in the metrics for their own, quadratic for the correlation.
/// Thread-compatible (distinct objects).
class ensemble : public pipeline<per_metric<metric_detector>, correlation_detector> {
  public:
    /// Throws option_error, and std::invalid_argument for a number of metrics that a correlation_detector does not take.
    explicit ensemble(std::size_t metrics, metric_options const& each = {}, correlation_options const& together = {})
        : pipeline{per_metric<metric_detector>{metrics, metric_detector{each}},
                   correlation_detector{metrics, together}} {}
};
static_assert(vector_detector<ensemble>);

} // namespace orfeas::inline v0::detect
