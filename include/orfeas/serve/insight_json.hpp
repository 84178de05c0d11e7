// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/forecast/health_score.hpp>
#include <orfeas/forecast/prediction_log.hpp>
#include <orfeas/forecast/predictive_alert.hpp>
#include <orfeas/forecast/time_to_critical.hpp>
#include <orfeas/forecast/trend_estimator.hpp>
#include <orfeas/observe/anomaly.hpp>
#include <orfeas/observe/prediction_report.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Anomalies and predictions as JSON, for the API and for the WebSocket's frames.

namespace orfeas::inline v0::serve {

inline void write_anomaly(json_writer& json, observe::anomaly const& of) {
    json.begin_object().member("id", of.id).member("series", of.key).member("family", to_string(of.family));
    json.member("active", of.is_active).member("begin", unix_seconds(of.begin)).member("end", unix_seconds(of.end));
    json.member("score", of.score).member("confidence", of.confidence).member("value", of.value);
    json.member("expected", of.expected).member("low", of.low).member("high", of.high);
    json.member("unit", to_string(of.unit)).member("reason", observe::to_text(of)).end_object();
}

namespace detail {

inline double unix_seconds_of(std::chrono::nanoseconds since_epoch) {
    return std::chrono::duration<double>{since_epoch}.count();
}

inline void write_trend(json_writer& json, std::optional<forecast::trend> const& of) {
    json.key("trend");
    if (!of) {
        json.null();
        return;
    }
    json.begin_object().member("direction", to_string(of->direction)).member("change_per_cent", of->change_per_cent);
    json.member("confidence", of->confidence).member("slope_per_hour", of->slope_per_hour);
    json.member("hours", of->hours).end_object();
}

inline void write_past(json_writer& json, forecast::past_prediction const& of) {
    json.begin_object().member("id", of.id).member("time", unix_seconds_of(of.time)).member("minutes", of.minutes);
    json.member("low", of.low).member("high", of.high).member("confidence", of.confidence);
    json.member("outcome", to_string(of.outcome)).member("lead_minutes", of.lead_minutes).end_object();
}

inline void write_past(json_writer& json, forecast::past_forecast const& of) {
    json.begin_object().member("made", unix_seconds_of(of.made)).member("due", unix_seconds_of(of.due));
    json.member("point", of.point).member("low", of.low).member("high", of.high);
    json.member("outcome", to_string(of.outcome)).key("actual");
    bool const is_known =
        of.outcome == forecast::forecast_outcome::within || of.outcome == forecast::forecast_outcome::outside;
    is_known ? json.value(of.actual) : json.null();
    json.end_object();
}

template<class Past>
void write_pasts(json_writer& json, std::vector<Past> const& all) {
    json.key("past").begin_array();
    for (auto const& each : all) {
        write_past(json, each);
    }
    json.end_array();
}

inline void write_memory_prediction(json_writer& json, observe::memory_prediction const& of, bool with_past) {
    auto const& said = of.estimate;
    json.begin_object().member("series", of.key).member("used_ratio", of.used).member("critical_ratio", of.critical);
    json.member("state", said.reached ? std::string_view{"reached"}
                         : said       ? std::string_view{"approaching"}
                                      : to_string(said.reason));
    json.member("cleanup_advised", said.cleanup_advised).member("cleanups", of.cleanups);
    json.member("alert", of.alert.id);
    for (auto const& [name, value] : {std::pair{"minutes", said.minutes}, std::pair{"low", said.low},
                                      std::pair{"high", said.high}, std::pair{"confidence", said.confidence}}) {
        json.key(name);
        said ? json.value(value) : json.null();
    }
    write_trend(json, of.trend);
    if (with_past) {
        json.key("record").begin_object().member("raised", of.record.raised).member("right", of.record.right);
        json.member("wrong", of.record.wrong).member("averted", of.record.averted);
        json.member("precision", of.record.precision).member("mean_lead_minutes", of.record.mean_lead_minutes);
        json.end_object();
        write_pasts(json, of.past);
    }
    json.end_object();
}

inline void write_value_prediction(json_writer& json, observe::value_prediction const& of, bool with_past) {
    json.begin_object().member("series", of.key).member("unit", to_string(of.unit)).member("value", of.value);
    json.member("horizon_seconds", of.horizon.count()).key("expected");
    if (of.expected) {
        json.begin_object().member("point", of.expected->point).member("low", of.expected->low);
        json.member("high", of.expected->high).member("level", of.expected->level);
        json.member("rating", of.rating).end_object();
    } else {
        json.null();
    }
    write_trend(json, of.trend);
    if (with_past) {
        json.key("record").begin_object().member("made", of.record.made).member("within", of.record.within);
        json.member("outside", of.record.outside).member("coverage", of.record.coverage);
        json.member("mean_absolute_error", of.record.mean_absolute_error).end_object();
        write_pasts(json, of.past);
    }
    json.end_object();
}

inline void write_health(json_writer& json, forecast::health_report const& of) {
    json.key("health").begin_object().member("score", of.score).key("terms").begin_array();
    for (auto const& each : of.list()) {
        json.begin_object().member("name", each.name).member("value", each.value).member("strain", each.strain);
        json.member("weight", each.weight).member("cost", each.cost).end_object();
    }
    json.end_array().end_object();
}

} // namespace detail

/// {"time","health","memory":[…],"values":[…],"advice":[…]}; with the records and past forecasts of each where wanted.
inline void write_predictions(json_writer& json, observe::prediction_report const& of, bool with_past) {
    json.begin_object().member("time", unix_seconds(of.time));
    detail::write_health(json, of.health);
    json.key("memory").begin_array();
    for (auto const& each : of.memory) {
        detail::write_memory_prediction(json, each, with_past);
    }
    json.end_array().key("values").begin_array();
    for (auto const& each : of.values) {
        detail::write_value_prediction(json, each, with_past);
    }
    json.end_array().key("advice").begin_array();
    for (auto const& each : of.advice) {
        json.begin_object().member("advice", to_string(each.what)).member("series", each.key);
        json.member("text", each.text).member("confidence", each.confidence).end_object();
    }
    json.end_array().end_object();
}

/// What a frame tells of them, as members of an object without its braces: the anomalies that last, and the predictions.
inline std::string frame_insights(std::vector<observe::anomaly> const& active,
                                  observe::prediction_report const& foreseen) {
    std::string text;
    json_writer json{text};
    json.begin_object().key("anomalies").begin_array();
    for (auto const& each : active) {
        write_anomaly(json, each);
    }
    json.end_array().key("predictions");
    write_predictions(json, foreseen, false);
    json.end_object();
    return text.substr(1, text.size() - 2);
}

} // namespace orfeas::inline v0::serve
