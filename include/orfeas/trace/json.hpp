// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

/// Traces as JSON, in the shape of `/api/v1/traces` and `/api/v1/traces/{id}`.

namespace orfeas::inline v0::trace {
namespace detail {

template<class Unit>
double count_of(std::chrono::nanoseconds duration) noexcept {
    return std::chrono::duration<double, Unit>{duration}.count();
}

inline void write_attributes(json_writer& out, attribute_list const& attributes) {
    out.key("attributes").begin_object();
    for (auto const& [key, value] : attributes) {
        out.key(key);
        std::visit([&](auto const& held) { out.value(held); }, value);
    }
    out.end_object();
}

inline void write_events(json_writer& out, std::vector<stored_event> const& events) {
    out.key("events").begin_array();
    for (stored_event const& each : events) {
        out.begin_object();
        out.member("name", each.name);
        out.member("time_us", count_of<std::micro>(each.time));
        write_attributes(out, each.attributes);
        out.end_object();
    }
    out.end_array();
}

inline void write_links(json_writer& out, std::vector<stored_link> const& links) {
    out.key("links").begin_array();
    for (stored_link const& each : links) {
        out.begin_object();
        out.member("trace_id", to_string(each.to.trace));
        out.member("span_id", to_string(each.to.span));
        write_attributes(out, each.attributes);
        out.end_object();
    }
    out.end_array();
}

} // namespace detail

/// {"trace_id", "service", "name", "start": seconds since the Unix epoch, "duration_ms", "spans", "dropped", "status",
/// "kept_by"}
inline void write_json(json_writer& out, trace_summary const& trace) {
    out.begin_object();
    out.member("trace_id", to_string(trace.id));
    out.member("service", trace.service);
    out.member("name", trace.name);
    out.member("start", unix_seconds(trace.start));
    out.member("duration_ms", detail::count_of<std::milli>(trace.duration));
    out.member("spans", trace.spans);
    out.member("dropped", trace.dropped);
    out.member("status", to_string(trace.status));
    out.member("kept_by", to_string(trace.reason));
    out.end_object();
}

/// {"span_id", "parent_id": null for the first, "name", "kind", "start_us": since the trace began, "duration_us",
/// "attributes": {…}, "status", and where there are any: "scope", "events": [{"name", "time_us", "attributes"}],
/// "links": [{"trace_id", "span_id", "attributes"}], "lost", "failure"}
inline void write_json(json_writer& out, stored_span const& span) {
    out.begin_object();
    out.member("span_id", to_string(span.id));
    out.key("parent_id");
    if (span.parent) {
        out.value(to_string(span.parent));
    } else {
        out.null();
    }
    out.member("name", span.name);
    out.member("kind", to_string(span.kind));
    if (!span.scope.empty()) {
        out.member("scope", span.scope);
    }
    out.member("start_us", detail::count_of<std::micro>(span.start));
    out.member("duration_us", detail::count_of<std::micro>(span.duration));
    detail::write_attributes(out, span.attributes);
    if (!span.events.empty()) {
        detail::write_events(out, span.events);
    }
    if (!span.links.empty()) {
        detail::write_links(out, span.links);
    }
    if (span.lost > 0) {
        out.member("lost", span.lost);
    }
    out.member("status", to_string(span.status));
    if (!span.failure.empty()) {
        out.member("failure", span.failure);
    }
    out.end_object();
}

/// As the summary, but with the list of spans under "spans", and "tracestate" when there is one.
inline void write_json(json_writer& out, stored_trace const& trace) {
    out.begin_object();
    out.member("trace_id", to_string(trace.summary.id));
    out.member("service", trace.summary.service);
    out.member("name", trace.summary.name);
    out.member("start", unix_seconds(trace.summary.start));
    out.member("duration_ms", detail::count_of<std::milli>(trace.summary.duration));
    out.member("dropped", trace.summary.dropped);
    out.member("status", to_string(trace.summary.status));
    out.member("kept_by", to_string(trace.summary.reason));
    if (!trace.tracestate.empty()) {
        out.member("tracestate", trace.tracestate);
    }
    out.key("spans").begin_array();
    for (auto const& span : trace.spans) {
        write_json(out, span);
    }
    out.end_array();
    out.end_object();
}

} // namespace orfeas::inline v0::trace
