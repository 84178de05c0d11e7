// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/finished_trace.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Reads finished traces back into plain values. Off the hot path: allocates as it likes.

namespace orfeas::inline v0::trace::detail {

inline attribute_value decode_value(attribute_ref const& value) {
    using type = attribute_ref::type_of;
    switch (value.type()) {
    case type::boolean:
        return value.boolean();
    case type::integer:
        return value.integer();
    case type::real:
        return value.real();
    default:
        return std::string{value.text()};
    }
}

/// The attributes of a span, an event or a link.
template<class View>
attribute_list decode_attributes(View const& of) {
    attribute_list list;
    of.for_each_attribute([&](std::string_view key, attribute_ref const& value) {
        list.emplace_back(std::string{key}, decode_value(value));
    });
    return list;
}

/// `offset` is from the beginning of the whole trace to that of the part that the span is in.
inline stored_span decode_span(span_view const& from, std::chrono::nanoseconds offset) {
    stored_span span;
    span.id = from.ids().span;
    span.parent = from.parent();
    span.name = from.name();
    span.kind = from.kind();
    if (from.scope() != nullptr) {
        span.scope = from.scope()->name;
    }
    span.start = from.start() + offset;
    span.duration = from.duration();
    span.status = from.status();
    span.failure = from.failure();
    span.attributes = decode_attributes(from);
    from.for_each_event([&](event_view const& event) {
        span.events.push_back({std::string{event.name()}, event.time() + offset, decode_attributes(event)});
    });
    from.for_each_link([&](link_view const& link) { span.links.push_back({link.to(), decode_attributes(link)}); });
    span.lost = from.lost();
    return span;
}

/// What the list of traces shows.
inline trace_summary summarize(finished_trace const& trace) {
    trace_summary summary;
    summary.id = trace.id();
    summary.service = trace.service();
    summary.name = trace.root().name();
    summary.start = trace.start();
    summary.duration = trace.root().duration();
    summary.dropped = trace.dropped();
    summary.reason = trace.reason();
    trace.for_each_span([&](span_view const& each) {
        ++summary.spans;
        if (each.status() == span_status::error) {
            summary.status = span_status::error;
        }
    });
    return summary;
}

} // namespace orfeas::inline v0::trace::detail
