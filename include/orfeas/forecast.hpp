// SPDX-License-Identifier: MIT
#pragma once

/// What metrics will be: trends, time to a critical level, seasons, with intervals and confidences. Streaming values without a
/// clock, a thread or a third party.

#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/health_score.hpp>
#include <orfeas/forecast/hit_ratio_forecast.hpp>
#include <orfeas/forecast/latency_forecast.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/prediction_log.hpp>
#include <orfeas/forecast/predictive_alert.hpp>
#include <orfeas/forecast/recommendation.hpp>
#include <orfeas/forecast/seasonal_forecaster.hpp>
#include <orfeas/forecast/time_to_critical.hpp>
#include <orfeas/forecast/trend_estimator.hpp>
