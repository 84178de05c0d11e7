// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace orfeas::inline v0::forecast {

enum class polarity : std::uint8_t;
enum class abstention : std::uint8_t;
enum class alert_phase : std::uint8_t;
enum class alert_outcome : std::uint8_t;
enum class trend_direction : std::uint8_t;
enum class value_scale : std::uint8_t;
enum class cache_rating : std::uint8_t;
enum class latency_rating : std::uint8_t;
enum class advice : std::uint8_t;

struct prediction;
struct critical_estimate;
struct past_prediction;
struct alert_answer;
struct alert_record;
struct trend;
struct cache_outlook;
struct latency_outlook;
struct health_inputs;
struct health_term;
struct health_report;
struct recommendation;
struct time_to_critical_options;
struct predictive_alert_options;
struct trend_options;
struct seasonal_options;
struct health_options;

class time_to_critical;
class predictive_alert;
class trend_estimator;
class seasonal_forecaster;
class hit_ratio_forecast;
class latency_forecast;
class health_score;
class recommendation_list;

} // namespace orfeas::inline v0::forecast
