// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/core/version.hpp>
#include <orfeas/http/concepts.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/metrics/exposition.hpp>
#include <orfeas/metrics/negotiation.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe/measured.hpp>
#include <orfeas/serve/concepts.hpp>
#include <orfeas/serve/detail/parameters.hpp>
#include <orfeas/serve/frame_json.hpp>

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

/// GET /metrics: everything that is measured, in the format that the client's Accept field asks for: Prometheus' text format
/// 0.0.4, OpenMetrics 1.0 or delimited protobuf with native histograms.
template<source Source>
http::response prometheus(Source& from, http::request const& q) {
    auto measured = observe::measured_beside_registry(from);
    auto const format = metrics::negotiate(q.field("accept").value_or(""));
    std::string text;
    metrics::write(text, format, from.metrics(), measured);
    http::response answer{http::status::ok, metrics::content_type_of(format), std::move(text)};
    return answer.set("cache-control", "no-store").set("vary", "accept");
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
    auto const format = detail::choice_parameter(q, "format", {"json", "csv"});
    return from.sampler().with_history([&](auto const& kept) {
        if (format == "json") {
            return detail::fresh_json(history_json(kept, since, from.boot_id()));
        }
        http::response answer{http::status::ok, "text/csv; charset=utf-8; header=present", history_csv(kept, since)};
        answer.set("content-disposition", "attachment; filename=\"history.csv\"").set("cache-control", "no-store");
        return answer;
    });
}

/// A handler from a function that needs not wait.
template<std::invocable<http::request const&> Function>
http::handler answering(Function function) {
    return [function = std::move(function)](http::request const& q) -> task<http::response> { co_return function(q); };
}

} // namespace orfeas::inline v0::serve
