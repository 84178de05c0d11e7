// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/forecast/health_score.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/prediction_log.hpp>
#include <orfeas/forecast/predictive_alert.hpp>
#include <orfeas/forecast/recommendation.hpp>
#include <orfeas/forecast/time_to_critical.hpp>
#include <orfeas/forecast/trend_estimator.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace orfeas::inline v0::observe {

/// How long memory will last.
struct memory_prediction {
    std::string key;     ///< of the series of memory in use
    double used = 0;     ///< share in use now
    double critical = 0; ///< share that must not be reached
    forecast::critical_estimate estimate{};
    forecast::alert_answer alert{}; ///< an open alert, if there is one
    forecast::alert_record record{};
    std::optional<forecast::trend> trend{};      ///< of the share
    std::vector<forecast::past_prediction> past; ///< newest first
    std::uint64_t cleanups = 0;                  ///< that this forecast asked for
};

/// What a hit ratio or a latency will be.
struct value_prediction {
    std::string key;
    orfeas::unit unit = orfeas::unit::none;
    double value = 0; ///< the newest
    std::chrono::seconds horizon{};
    std::optional<forecast::prediction> expected{}; ///< empty until there is enough to go by
    std::string rating; ///< of the expected value: good, fair, poor; within, at_risk, exceeding
    std::optional<forecast::trend> trend{};
    forecast::forecast_record record{};
    std::vector<forecast::past_forecast> past; ///< newest first
};

/// A piece of advice that owns its texts.
struct advice_given {
    forecast::advice what = forecast::advice::investigate;
    std::string key;  ///< of the series
    std::string text; ///< one sentence with the evidence
    double confidence = 0;
};

/// All that is foreseen after one frame.
struct prediction_report {
    wall_time time{}; ///< of the frame
    std::vector<memory_prediction> memory;
    std::vector<value_prediction> values;
    std::vector<advice_given> advice;
    forecast::health_report health{};
};

} // namespace orfeas::inline v0::observe
