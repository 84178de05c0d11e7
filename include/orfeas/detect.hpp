// SPDX-License-Identifier: MIT
#pragma once

/// Streaming anomaly detection: detectors judge each sample by those before it.

#include <orfeas/core/state.hpp>
#include <orfeas/detect/alert_gate.hpp>
#include <orfeas/detect/any_detector.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detector_list.hpp>
#include <orfeas/detect/drift_detector.hpp>
#include <orfeas/detect/drift_options.hpp>
#include <orfeas/detect/fwd.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/half_space_trees.hpp>
#include <orfeas/detect/half_space_trees_options.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/metric_options.hpp>
#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/outlier_options.hpp>
#include <orfeas/detect/per_metric.hpp>
#include <orfeas/detect/pipeline.hpp>
#include <orfeas/detect/random_cut_forest.hpp>
#include <orfeas/detect/random_cut_forest_options.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/sample_clock.hpp>
#include <orfeas/detect/season_detector.hpp>
#include <orfeas/detect/season_options.hpp>
#include <orfeas/detect/spike_detector.hpp>
#include <orfeas/detect/spike_options.hpp>
#include <orfeas/detect/tail_threshold.hpp>
#include <orfeas/detect/verdict.hpp>
