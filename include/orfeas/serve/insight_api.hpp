// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/observe/anomaly.hpp>
#include <orfeas/observe/coarse_history.hpp>
#include <orfeas/observe/prediction_report.hpp>
#include <orfeas/serve/detail/parameters.hpp>
#include <orfeas/serve/insight_json.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The answers of the HTTP API about anomalies, predictions and the longer past, from what the watches report.

namespace orfeas::inline v0::serve {

/// A source whose frames are judged: `anomalies().report()`, `anomalies().active()` and `predictions().report()`, from any
/// thread.
template<class S>
concept judged_source = requires(S const& s) {
    { s.anomalies().report() } -> std::same_as<observe::anomaly_report>;
    { s.anomalies().active() } -> std::same_as<std::vector<observe::anomaly>>;
    { s.predictions().report() } -> std::same_as<observe::prediction_report>;
};

/// GET /api/v1/anomalies?active=yes|no&series=KEY&since=SECONDS&limit=N: the anomalies that are known, newest first; those
/// that last, or not; of one series; that ended after a time; at most so many.
inline http::response anomalies(observe::anomaly_report const& known, http::request const& q) {
    auto const active = q.parameter("active");
    bool const wants_active = detail::choice_parameter(q, "active", {"no", "yes"}) == "yes";
    auto const series = q.parameter("series");
    auto const since = detail::real_parameter(q, "since", 0, 1e12);
    auto const limit = detail::number_parameter(q, "limit", 1, 100'000, 100);
    std::string text;
    json_writer json{text};
    json.begin_object().member("total", known.total).member("active", known.active).member("series", known.series);
    json.member("warm", known.warm).member("series_refused", known.series_refused).key("anomalies").begin_array();
    std::uint64_t listed = 0;
    for (auto const& each : known.anomalies) {
        bool const fits = (!active || each.is_active == wants_active) && (!series || each.key == *series) &&
                          (!since || unix_seconds(each.end) > *since);
        if (fits && listed < limit) {
            write_anomaly(json, each);
            ++listed;
        }
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/predictions: what is foreseen, how right such forecasts were, and what is advised.
inline http::response predictions(observe::prediction_report const& foreseen) {
    std::string text;
    json_writer json{text};
    write_predictions(json, foreseen, true);
    return detail::fresh_json(std::move(text));
}

/// A source that keeps coarser tiers behind its frames, read while none is taken.
template<class S>
concept coarse_source = requires(S const& s) { s.with_coarse_history([](observe::coarse_history const&) {}); };

namespace detail {

inline void write_stretches(json_writer& json, std::vector<observe::coarse_point> const& all) {
    auto const column = [&](std::string_view name, auto const& of) {
        json.key(name).begin_array();
        for (auto const& each : all) {
            json.value(of(each));
        }
        json.end_array();
    };
    json.begin_object();
    column("timestamp", [](observe::coarse_point const& each) { return unix_seconds(each.begin); });
    column("min", [](observe::coarse_point const& each) { return static_cast<double>(each.value.min); });
    column("mean", [](observe::coarse_point const& each) { return static_cast<double>(each.value.mean); });
    column("max", [](observe::coarse_point const& each) { return static_cast<double>(each.value.max); });
    column("count", [](observe::coarse_point const& each) { return each.value.count; });
    json.end_object();
}

} // namespace detail

/// GET /api/v1/metrics/history/coarse?tier=fine|coarse&series=KEY&since=SECONDS: what the series, or one of them, were over
/// stretches of `step_seconds`: columns by series.
inline http::response coarse_history(observe::coarse_history const& kept, http::request const& q) {
    std::size_t const tier = detail::choice_parameter(q, "tier", {"fine", "coarse"}) == "fine" ? 0 : 1;
    auto const wanted = q.parameter("series");
    auto const since = detail::real_parameter(q, "since", 0, 1e10).value_or(0);
    auto const from = wall_time{std::chrono::duration_cast<wall_time::duration>(std::chrono::duration<double>{since})};
    std::string text;
    json_writer json{text};
    json.begin_object().member("step_seconds", kept.step(tier).count()).key("series").begin_object();
    kept.for_each([&](observe::series const& each) {
        if (!wanted || each.key == *wanted) {
            json.key(each.key);
            detail::write_stretches(json, kept.read(each.key, tier, from));
        }
    });
    json.end_object().end_object();
    return detail::fresh_json(std::move(text));
}

} // namespace orfeas::inline v0::serve
