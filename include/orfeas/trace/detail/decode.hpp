// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/detail/payload.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Reads finished segments back into plain values. Off the hot path: allocates as it likes. Templates of the segment, so
// that only translation units that read traces pay for compiling it.

namespace orfeas::inline v0::trace::detail {

/// Calls `visit(slot, record)` for each span of a finished segment.
template<class Segment, class Visit>
void for_each_span(Segment const& trace, Visit visit) {
    std::uint32_t const count = trace.slots();
    for (std::uint32_t slot = 0; slot < count; ++slot) {
        record const* const each = trace.read(slot);
        if (each != nullptr && each->kind == record_kind::span) {
            visit(slot, *each);
        }
    }
}

template<class Entry>
attribute_value decode_value(Entry const& e) {
    switch (e.type) {
    case entry_type::boolean:
        return read_value<bool>(e.value);
    case entry_type::integer:
        return read_value<std::int64_t>(e.value);
    case entry_type::real:
        return read_value<double>(e.value);
    default:
        return std::string{e.value};
    }
}

/// Adds what one record (a span, or an annotation of it) says.
template<class Segment>
void decode_payload(Segment const& trace, record const& from, stored_span& to) {
    for_each_entry(trace, from, [&](entry const& e) {
        if (e.type == entry_type::name) {
            to.name = e.key;
        } else if (e.type == entry_type::failure) {
            to.failure = e.value;
        } else if (auto* const present = const_cast<attribute_value*>(to.find(e.key))) {
            *present = decode_value(e);
        } else {
            to.attributes.emplace_back(std::string{e.key}, decode_value(e));
        }
    });
    if (from.status != span_status::unset) {
        to.status = from.status;
    }
}

template<class Segment>
stored_span decode_span(Segment const& trace, std::uint32_t slot, record const& from) {
    stored_span span;
    span.id = trace.span_id_of(slot);
    span.parent = from.parent == no_slot ? trace.head().remote_parent : trace.span_id_of(from.parent);
    span.start = std::chrono::nanoseconds{from.start_ns};
    span.duration = std::chrono::nanoseconds{from.end_ns - from.start_ns};
    decode_payload(trace, from, span);
    return span;
}

/// Appends the spans of a finished segment, their starts moved by `offset`.
template<class Segment>
void decode_spans(Segment const& trace, std::chrono::nanoseconds offset, std::vector<stored_span>& out) {
    std::vector<std::size_t> place(trace.slots()); // of each span's slot in `out`, for annotations
    for (std::uint32_t slot = 0; slot < place.size(); ++slot) {
        record const* const each = trace.read(slot);
        if (each == nullptr) {
            continue;
        }
        if (each->kind == record_kind::span) {
            place[slot] = out.size();
            out.push_back(decode_span(trace, slot, *each));
            out.back().start += offset;
        } else if (each->kind == record_kind::annotation) {
            decode_payload(trace, *each, out[place[each->parent]]);
        }
    }
}

/// What the list of traces shows of a finished segment, whose slot 0 was written.
template<class Segment>
trace_summary summarize(Segment const& trace) {
    record const& root = *trace.read(0);
    trace_summary summary;
    summary.id = trace.head().id;
    summary.name = name_of(root);
    summary.start = trace.head().wall_start +
                    std::chrono::duration_cast<wall_time::duration>(std::chrono::nanoseconds{root.start_ns});
    summary.duration = std::chrono::nanoseconds{root.end_ns - root.start_ns};
    summary.dropped = trace.dropped();
    for (std::uint32_t slot = 0; slot < trace.slots(); ++slot) {
        record const* const each = trace.read(slot);
        if (each == nullptr || each->kind == record_kind::text) {
            continue;
        }
        if (each->kind == record_kind::span) {
            ++summary.spans;
        }
        if (each->status == span_status::error) {
            summary.status = span_status::error;
        }
    }
    return summary;
}

} // namespace orfeas::inline v0::trace::detail
