// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/export/concepts.hpp>
#include <orfeas/export/encoding.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/otlp_common.hpp>
#include <orfeas/trace/finished_trace.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// Traces in OTLP (opentelemetry.proto.trace.v1).

namespace orfeas::inline v0::exporting {

namespace otlp {

inline constexpr otlp_field resource_spans{1, "resourceSpans"};
inline constexpr otlp_field scope_spans{2, "scopeSpans"};
inline constexpr otlp_field spans{2, "spans"};
inline constexpr otlp_field span_trace_id{1, "traceId"};
inline constexpr otlp_field span_span_id{2, "spanId"};
inline constexpr otlp_field span_trace_state{3, "traceState"};
inline constexpr otlp_field span_parent_id{4, "parentSpanId"};
inline constexpr otlp_field span_name{5, "name"};
inline constexpr otlp_field span_kind{6, "kind"};
inline constexpr otlp_field span_start{7, "startTimeUnixNano"};
inline constexpr otlp_field span_end{8, "endTimeUnixNano"};
inline constexpr otlp_field span_attributes{9, "attributes"};
inline constexpr otlp_field span_dropped_attributes{10, "droppedAttributesCount"};
inline constexpr otlp_field span_events{11, "events"};
inline constexpr otlp_field span_links{13, "links"};
inline constexpr otlp_field span_status{15, "status"};
inline constexpr otlp_field span_flags{16, "flags"};
inline constexpr otlp_field event_time{1, "timeUnixNano"};
inline constexpr otlp_field event_name{2, "name"};
inline constexpr otlp_field event_attributes{3, "attributes"};
inline constexpr otlp_field link_trace_id{1, "traceId"};
inline constexpr otlp_field link_span_id{2, "spanId"};
inline constexpr otlp_field link_attributes{4, "attributes"};
inline constexpr otlp_field link_flags{6, "flags"};
inline constexpr otlp_field status_message{2, "message"};
inline constexpr otlp_field status_code{3, "code"};

/// What a span takes that has five numbers for attributes; its length then needs no second look.
inline constexpr std::size_t likely_span_size = 192;
inline constexpr std::size_t likely_batch_size = 1 << 20;

/// A list of attributes; in JSON an empty one is not written.
template<class Format, class Source>
void write_attributes(Format& out, otlp_field const& field, Source const& from) {
    bool is_open = false;
    from.for_each_attribute([&](std::string_view name, trace::attribute_ref const& held)
                                __attribute__((always_inline)) {
                                    if (!std::exchange(is_open, true)) {
                                        out.begin_list(field);
                                    }
                                    out.pair(field, name, held);
                                });
    if (is_open) {
        out.end_list();
    }
}

template<class Format>
void write_events(Format& out, trace::span_view const& from, std::uint64_t trace_start) {
    bool is_open = false;
    from.for_each_event([&](trace::event_view const& each) {
        if (!std::exchange(is_open, true)) {
            out.begin_list(span_events);
        }
        auto const event = out.begin_element(span_events);
        out.fixed64(event_time, trace_start + static_cast<std::uint64_t>(each.time().count()));
        out.text(event_name, each.name());
        write_attributes(out, event_attributes, each);
        out.end(event);
    });
    if (is_open) {
        out.end_list();
    }
}

template<class Format>
void write_links(Format& out, trace::span_view const& from) {
    bool is_open = false;
    from.for_each_link([&](trace::link_view const& each) {
        if (!std::exchange(is_open, true)) {
            out.begin_list(span_links);
        }
        auto const link = out.begin_element(span_links);
        out.id(link_trace_id, each.to().trace);
        out.id(link_span_id, each.to().span);
        write_attributes(out, link_attributes, each);
        out.fixed32(link_flags, each.to().flags);
        out.end(link);
    });
    if (is_open) {
        out.end_list();
    }
}

template<class Format>
void write_status(Format& out, trace::span_view const& from) {
    if (from.status() == trace::span_status::unset) {
        return;
    }
    bool const is_error = from.status() == trace::span_status::error;
    auto const status = out.begin(span_status);
    if (auto const why = from.failure(); !why.empty()) {
        out.text(status_message, why);
    }
    out.uint32(status_code, is_error ? 2 : 1);
    out.end(status);
}

/// What this process knows of a trace as a whole stands at its local root.
/// Thread-compatible (distinct objects).
class root_attributes {
  public:
    root_attributes(trace::finished_trace const& of, trace::span_view const& root) noexcept : of_{of}, root_{root} {}

    template<class Visit>
    void for_each_attribute(Visit&& visit) const {
        root_.for_each_attribute(visit);
        if (of_.reason() != trace::keep_reason::none) {
            visit("orfeas.keep_reason", trace::attribute_ref{to_string(of_.reason())});
        }
        if (of_.dropped() > 0) {
            visit("orfeas.dropped_spans", trace::attribute_ref{of_.dropped()});
        }
    }

  private:
    trace::finished_trace const& of_;
    trace::span_view const& root_;
};

template<class Format>
void write_span(Format& out, trace::finished_trace const& of, trace::span_view const& from, std::uint64_t trace_start) {
    auto const span = out.begin_element(spans, likely_span_size);
    auto const ids = from.ids();
    auto const parent = from.parent();
    auto const start = trace_start + static_cast<std::uint64_t>(from.start().count());
    auto const end = start + static_cast<std::uint64_t>(from.duration().count());
    constexpr std::size_t most = 96; // of these fields
    auto&& part = out.claim(most);
    part.id(span_trace_id, ids.trace);
    part.id(span_span_id, ids.span);
    if (parent) {
        part.id(span_parent_id, parent);
    }
    part.uint32(span_kind, static_cast<std::uint32_t>(from.kind()) + 1); // theirs begins with "unspecified"
    part.fixed64(span_start, start);
    part.fixed64(span_end, end);
    part.fixed32(span_flags, ids.flags);
    out.commit(part);
    out.text(span_name, from.name());
    if (auto const state = of.tracestate(); !state.empty()) {
        out.text(span_trace_state, state);
    }
    if (from.is_local_root()) {
        write_attributes(out, span_attributes, root_attributes{of, from});
    } else {
        write_attributes(out, span_attributes, from);
    }
    if (from.lost() > 0) {
        out.uint32(span_dropped_attributes, from.lost());
    }
    write_events(out, from, trace_start);
    write_links(out, from);
    write_status(out, from);
    out.end(span);
}

/// Writes traces as ResourceSpans, one for each run of traces of the same service, in it one ScopeSpans for each run of
/// spans of the same scope.
/// Thread-compatible (distinct objects).
template<class Format>
class trace_document {
  public:
    trace_document(Format& out, std::string_view service, resource_attributes const& more)
        : out_{out}, service_{service}, more_{more} {
        out_.begin_list(resource_spans);
    }

    void add(trace::finished_trace const& each) {
        auto const service = service_.empty() ? each.service() : service_;
        if (!has_resource_ || service != resource_service_) {
            close_resource();
            open_resource(service);
        }
        auto const start = unix_ns(each.start());
        each.for_each_span([&](trace::span_view const& span) {
            if (!has_scope_ || span.scope() != current_) {
                close_scope();
                open_scope(span.scope());
            }
            write_span(out_, each, span, start);
        });
    }

    void finish() {
        close_resource();
        out_.end_list();
    }

  private:
    using message = typename Format::message;

    void open_resource(std::string_view service) {
        has_resource_ = true;
        resource_service_ = service;
        resource_ = out_.begin_element(resource_spans, likely_batch_size);
        write_resource(out_, service, more_);
        out_.begin_list(scope_spans);
    }

    void close_resource() {
        close_scope();
        if (std::exchange(has_resource_, false)) {
            out_.end_list();
            out_.end(resource_);
        }
    }

    void open_scope(trace::instrumentation_scope const* from) {
        has_scope_ = true;
        current_ = from;
        scope_ = out_.begin_element(scope_spans, likely_batch_size);
        if (from != nullptr) {
            write_scope(out_, from->name, from->version);
        }
        out_.begin_list(spans);
    }

    void close_scope() {
        if (std::exchange(has_scope_, false)) {
            out_.end_list();
            out_.end(scope_);
        }
    }

    Format& out_;
    std::string_view service_; // of all, where it is not empty
    resource_attributes const& more_;
    std::string_view resource_service_;
    trace::instrumentation_scope const* current_ = nullptr;
    message resource_{};
    message scope_{};
    bool has_resource_ = false;
    bool has_scope_ = false;
};

} // namespace otlp

/// Appends finished traces to `out` as one ExportTraceServiceRequest. `service` names the service of all; where it is
/// empty each trace says its own. O(spans and attributes); no allocation once `out` has the capacity, but for spans with
/// more attributes than a record holds.
inline void encode_traces(std::span<trace::finished_trace const> traces, otlp_encoding encoding,
                          std::string_view service, resource_attributes const& more, std::string& out) {
    otlp::write_document(encoding, out, [&](auto& format) {
        otlp::trace_document document{format, service, more};
        for (auto const& each : traces) {
            document.add(each);
        }
        document.finish();
    });
}

/// Finished traces as a signal: counted in spans.
/// Thread-compatible (distinct objects).
class trace_signal {
  public:
    using element = trace::finished_trace;
    static constexpr std::string_view name = "traces";
    static constexpr std::string_view path = "/v1/traces";
    static constexpr std::string_view rejected_member = "rejectedSpans";

    /// Throws option_error for malformed resource attributes.
    explicit trace_signal(otlp_options const& options = {})
        : service_{options.service_name},
          more_{otlp_options::pairs(options.resource_attributes, "resource_attributes")} {}

    item_weight weight(element const& each) const noexcept { return {each.spans(), each.bytes()}; }

    void encode(std::span<element const> batch, otlp_encoding encoding, std::string& out) const {
        encode_traces(batch, encoding, service_, more_, out);
    }

  private:
    std::string service_;
    resource_attributes more_;
};
static_assert(otlp_signal<trace_signal>);

} // namespace orfeas::inline v0::exporting
