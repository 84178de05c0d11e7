// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/core/version.hpp>
#include <orfeas/http/concepts.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/metrics/exposition.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/serve/concepts.hpp>
#include <orfeas/serve/detail/parameters.hpp>
#include <orfeas/serve/frame_json.hpp>
#include <orfeas/trace/json.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

/// The answers of the HTTP API, each a plain function from the observed service and the request to a response.

namespace orfeas::inline v0::serve {

/// 200 while the process can answer at all.
inline http::response health() {
    return http::response::text("ok\n").set("cache-control", "no-store");
}

/// GET /api/v1/status: the service, this run of it, and each component with whether it does its work.
template<source Source>
http::response status(Source const& from) {
    std::string text;
    json_writer json{text};
    json.begin_object().member("service", std::string_view{from.service()}).member("version", ORFEAS_VERSION_STRING);
    json.member("boot_id", std::string_view{from.boot_id()}).key("uptime_seconds");
    write_json(json, from.uptime());
    json.key("components").begin_array();
    for (auto const& [name, component] : from.components().status()) {
        json.begin_object().member("name", name).member("operational", component.operational);
        json.member("detail", component.detail).end_object();
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /metrics: everything that is measured, in Prometheus' text format 0.0.4.
template<source Source>
http::response prometheus(Source& from) {
    std::string text;
    from.metrics().write_prometheus(text);
    metrics::exposition measured;
    from.measure([&](measurement const& m) { measured.add(m); });
    measured.write_prometheus(text);
    http::response answer{http::status::ok, metrics::prometheus_content_type, std::move(text)};
    return answer.set("cache-control", "no-store");
}

/// GET /api/v1/metrics: every series that the frames hold, with its meaning and newest value.
template<source Source>
http::response series(Source& from) {
    return detail::fresh_json(from.sampler().with_history([](auto const& history) { return series_json(history); }));
}

/// GET /api/v1/metrics/history?since=SEQ&format=json|csv: the kept frames after `since`.
template<source Source>
http::response history(Source& from, http::request const& q) {
    auto const since = detail::number_parameter(q, "since", 0, UINT64_MAX - 1, 0);
    auto const format = q.parameter("format").value_or("json");
    if (format != "json" && format != "csv") {
        throw http::problem_error{http::problem{http::status::bad_request}
                                      .detail("format is neither json nor csv.")
                                      .field("format")
                                      .allowed("json or csv")};
    }
    return from.sampler().with_history([&](auto const& kept) {
        if (format == "json") {
            return detail::fresh_json(history_json(kept, since, from.boot_id()));
        }
        http::response answer{http::status::ok, "text/csv; charset=utf-8; header=present", history_csv(kept, since)};
        answer.set("content-disposition", "attachment; filename=\"history.csv\"").set("cache-control", "no-store");
        return answer;
    });
}

/// GET /api/v1/traces?limit=N: the last finished traces, the newest first.
template<source Source>
http::response traces(Source& from, http::request const& q) {
    auto const limit = detail::number_parameter(q, "limit", 1, 1000, 50);
    std::string text;
    json_writer json{text};
    json.begin_object().key("traces").begin_array();
    for (auto const& each : from.tracer().store().recent(static_cast<std::size_t>(limit))) {
        trace::write_json(json, each);
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/traces/{id}: one trace with its spans.
template<source Source>
http::response trace_by_id(Source& from, http::request const& q) {
    auto const id = parse_trace_id(q.path_parameter("id"));
    if (!id) {
        return http::problem{http::status::bad_request}
            .detail("The id of the trace is malformed.")
            .field("id")
            .allowed("32 lower-case hexadecimal digits, not all zero");
    }
    auto const found = from.tracer().store().find(*id);
    if (!found) {
        return http::problem{http::status::not_found}.detail("No trace with this id is held; old ones make room.");
    }
    std::string text;
    json_writer json{text};
    trace::write_json(json, *found);
    return detail::fresh_json(std::move(text));
}

/// A handler from a function that needs not wait.
template<std::invocable<http::request const&> Function>
http::handler answering(Function function) {
    return [function = std::move(function)](http::request const& q) -> task<http::response> { co_return function(q); };
}

} // namespace orfeas::inline v0::serve
