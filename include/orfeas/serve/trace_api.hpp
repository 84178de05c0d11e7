// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/fields.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/serve/concepts.hpp>
#include <orfeas/serve/detail/parameters.hpp>
#include <orfeas/trace/chrome_json.hpp>
#include <orfeas/trace/json.hpp>
#include <orfeas/trace/query.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::serve {
namespace detail {

inline std::chrono::nanoseconds milliseconds_parameter(http::request const& q, std::string_view name,
                                                       std::chrono::nanoseconds fallback) {
    constexpr double most = 1e12;
    auto const given = real_parameter(q, name, 0, most);
    return given ? std::chrono::nanoseconds{static_cast<std::int64_t>(*given * 1e6)} : fallback;
}

inline wall_time time_parameter(http::request const& q, std::string_view name, wall_time fallback) {
    constexpr double year_2200 = 7'258'118'400;
    auto const seconds = real_parameter(q, name, 0, year_2200);
    if (!seconds) {
        return fallback;
    }
    return wall_time{std::chrono::duration_cast<wall_time::duration>(std::chrono::duration<double>{*seconds})};
}

/// What the parameters of a request ask for.
inline trace::trace_query query_of(http::request const& q) {
    trace::trace_query query;
    query.service = q.parameter("service").value_or("");
    query.operation = q.parameter("operation").value_or("");
    query.scope = q.parameter("scope").value_or("");
    query.min_duration = milliseconds_parameter(q, "min_ms", query.min_duration);
    query.max_duration = milliseconds_parameter(q, "max_ms", query.max_duration);
    query.since = time_parameter(q, "since", query.since);
    query.until = time_parameter(q, "until", query.until);
    query.failed = choice_parameter(q, "status", {"any", "error"}) == "error";
    std::string const attribute{q.parameter("attribute").value_or("")};
    auto const equals = attribute.find('=');
    query.attribute_key = attribute.substr(0, equals);
    query.attribute_value = equals == std::string::npos ? "" : attribute.substr(equals + 1);
    query.most = static_cast<std::size_t>(number_parameter(q, "limit", 1, 1000, 50));
    query.before = number_parameter(q, "cursor", 0, UINT64_MAX - 1, UINT64_MAX);
    return query;
}

} // namespace detail

/// GET /api/v1/traces: finished traces. Parameters, all of which may be left out: `service`, `operation` (the name of any
/// span), `scope`, `min_ms` and `max_ms` (duration), `since` and `until` (when they began, in seconds since the Unix epoch),
/// `status=error`, `attribute=key` or `attribute=key=value`, `limit` (1 to 1000, else 50), `order=slow` for the slowest of
/// the last while instead of the newest (of the others only `limit` counts then), and `cursor`: the `next` of the answer
/// before. The answer: {"traces": […], "next": "…" or null}.
template<source Source>
http::response traces(Source& from, http::request const& q) {
    auto const query = detail::query_of(q);
    auto const& store = from.tracer().store();
    bool const slow = detail::choice_parameter(q, "order", {"new", "slow"}) == "slow";
    auto const page = slow ? trace::trace_page{store.slow(query.most), {}} : store.find(query);
    std::string text;
    json_writer json{text};
    json.begin_object().key("traces").begin_array();
    for (auto const& each : page.traces) {
        trace::write_json(json, each);
    }
    json.end_array().key("next");
    if (page.next) {
        json.value(std::to_string(*page.next)); // a text: it need not fit into a double
    } else {
        json.null();
    }
    json.end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/traces/{id}: one trace with its spans; with `format=chrome` as a file that Perfetto and chrome://tracing open.
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
    if (detail::choice_parameter(q, "format", {"json", "chrome"}) == "chrome") {
        return detail::fresh_json(trace::chrome_json(*found))
            .set("content-disposition", "attachment; filename=\"trace-" + to_string(*id) + ".json\"");
    }
    std::string text;
    json_writer json{text};
    trace::write_json(json, *found);
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/operations: count, errors and durations by span name, of all spans that were recorded.
template<source Source>
http::response operations(Source& from) {
    std::string text;
    json_writer json{text};
    json.begin_object().key("operations").begin_array();
    for (auto const& each : from.tracer().store().operations()) {
        write_json(json, each);
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

} // namespace orfeas::inline v0::serve
