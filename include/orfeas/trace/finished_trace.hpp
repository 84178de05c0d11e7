// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/attribute.hpp>
#include <orfeas/trace/detail/payload.hpp>
#include <orfeas/trace/detail/segment.hpp>
#include <orfeas/trace/instrumentation_scope.hpp>
#include <orfeas/trace/keep_reason.hpp>
#include <orfeas/trace/span_context.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// Finished traces, read in place: what stores, exporters and tail policies see. Nothing is copied or allocated, but for
/// spans with more payload than a slot holds.

namespace orfeas::inline v0::trace {
namespace detail {

[[gnu::always_inline]] inline attribute_ref value_of(entry const& e) noexcept {
    switch (e.type) {
    case entry_type::boolean:
        return read_value<bool>(e.value);
    case entry_type::integer:
        return read_value<std::int64_t>(e.value);
    case entry_type::real:
        return read_value<double>(e.value);
    default:
        return e.value;
    }
}

constexpr bool is_attribute(entry const& e) noexcept {
    return e.type <= entry_type::text;
}

/// Calls `visit(key, value)` for the attributes at the front of `rest` that belong to one event or link.
template<class Visit>
void for_each_of_group(std::string_view rest, Visit& visit) {
    for (entry e; next_entry(rest, e) && e.is_of_group;) {
        visit(e.key, value_of(e));
    }
}

} // namespace detail

/// Something that happened during a span. Borrowed from it.
/// Thread-compatible (distinct objects).
class event_view {
  public:
    event_view(std::string_view name, std::chrono::nanoseconds time, std::string_view rest) noexcept
        : name_{name}, time_{time}, rest_{rest} {}

    std::string_view name() const noexcept { return name_; }
    /// Since the trace began in this process.
    std::chrono::nanoseconds time() const noexcept { return time_; }

    /// Calls `visit(std::string_view key, attribute_ref const& value)`.
    template<class Visit>
    void for_each_attribute(Visit&& visit) const {
        detail::for_each_of_group(rest_, visit);
    }

  private:
    std::string_view name_;
    std::chrono::nanoseconds time_;
    std::string_view rest_;
};

/// A span's reference to another. Borrowed from it.
/// Thread-compatible (distinct objects).
class link_view {
  public:
    link_view(span_context const& to, std::string_view rest) noexcept : to_{to}, rest_{rest} {}

    span_context const& to() const noexcept { return to_; }

    /// Calls `visit(std::string_view key, attribute_ref const& value)`.
    template<class Visit>
    void for_each_attribute(Visit&& visit) const {
        detail::for_each_of_group(rest_, visit);
    }

  private:
    span_context to_;
    std::string_view rest_;
};

/// A finished span. Borrowed from a `finished_trace`.
/// Thread-compatible (distinct objects).
class span_view {
  public:
    span_view(detail::segment const& trace, std::uint32_t slot, detail::record const& from)
        : trace_{&trace}, record_{&from}, slot_{slot}, payload_{detail::payload_of(trace, from, gathered_)} {}
    span_view(span_view const&) = delete;
    span_view& operator=(span_view const&) = delete;

    span_context ids() const noexcept { return trace_->context_of(slot_); }

    /// Zero where the trace began with this span.
    span_id parent() const noexcept {
        return record_->parent == detail::no_slot ? trace_->head().remote_parent : trace_->span_id_of(record_->parent);
    }
    /// Whether the parent is in another process, or in a part of the trace that ended before.
    bool is_local_root() const noexcept { return record_->parent == detail::no_slot; }

    std::string_view name() const noexcept { return record_->name_view(); }
    span_kind kind() const noexcept { return record_->kind; }
    span_status status() const noexcept { return record_->status; }

    /// Null for spans that name none.
    instrumentation_scope const* scope() const noexcept { return record_->scope; }

    /// Since the trace began in this process.
    std::chrono::nanoseconds start() const noexcept {
        return std::chrono::nanoseconds{trace_->nanoseconds_at(record_->start)};
    }
    std::chrono::nanoseconds duration() const noexcept {
        return std::chrono::nanoseconds{trace_->nanoseconds(record_->end - record_->start)};
    }

    /// Attributes, events and links for which there was no room; 255 for more.
    std::uint32_t lost() const noexcept { return record_->lost; }

    /// Why the span failed; empty unless it said so.
    std::string_view failure() const noexcept {
        std::string_view why;
        if (record_->status == span_status::error) {
            auto rest = payload_;
            for (detail::entry e; detail::next_entry(rest, e);) {
                why = e.type == detail::entry_type::failure ? e.value : why;
            }
        }
        return why;
    }

    /// Calls `visit(std::string_view key, attribute_ref const& value)` for each key once, with its last value.
    template<class Visit>
    [[gnu::always_inline]] void for_each_attribute(Visit&& visit) const {
        auto rest = payload_;
        for (detail::entry e; detail::next_entry(rest, e);) {
            if (detail::is_attribute(e) && !e.is_of_group && !(record_->may_repeat_keys && comes_again(rest, e.key))) {
                visit(e.key, detail::value_of(e));
            }
        }
    }

    /// Calls `visit(event_view const&)`.
    template<class Visit>
    void for_each_event(Visit&& visit) const {
        auto rest = record_->has_groups ? payload_ : std::string_view{};
        for (detail::entry e; detail::next_entry(rest, e);) {
            if (e.type == detail::entry_type::event) {
                auto const time = trace_->nanoseconds_at(detail::read_value<std::int64_t>(e.value));
                visit(event_view{e.key, std::chrono::nanoseconds{time}, rest});
            }
        }
    }

    /// Calls `visit(link_view const&)`.
    template<class Visit>
    void for_each_link(Visit&& visit) const {
        auto rest = record_->has_groups ? payload_ : std::string_view{};
        for (detail::entry e; detail::next_entry(rest, e);) {
            if (e.type == detail::entry_type::link) {
                auto const to = detail::read_value<detail::link_value>(e.value);
                visit(link_view{{{to.trace_high, to.trace_low}, {to.span}, static_cast<std::uint8_t>(to.flags)}, rest});
            }
        }
    }

  private:
    static bool comes_again(std::string_view rest, std::string_view key) noexcept {
        for (detail::entry e; detail::next_entry(rest, e);) {
            if (e.key == key && detail::is_attribute(e) && !e.is_of_group) {
                return true;
            }
        }
        return false;
    }

    detail::segment const* trace_;
    detail::record const* record_;
    std::uint32_t slot_;
    std::string gathered_; // before the payload, which may lie in it
    std::string_view payload_;
};

/// The part of a trace that this process recorded, from its local root to its last span: a handle that keeps it. Copies
/// are cheap (one atomic increment).
/// Thread-compatible (distinct objects).
class finished_trace {
  public:
    /// For this module's own use.
    explicit finished_trace(detail::segment& trace) noexcept : trace_{&trace} { trace.retain(); }

    finished_trace(finished_trace const& other) noexcept : trace_{other.trace_} { trace_->retain(); }
    finished_trace(finished_trace&& other) noexcept : trace_{std::exchange(other.trace_, nullptr)} {}
    finished_trace& operator=(finished_trace other) noexcept {
        std::swap(trace_, other.trace_);
        return *this;
    }
    ~finished_trace() {
        if (trace_ != nullptr) {
            trace_->release();
        }
    }

    trace_id id() const noexcept { return trace_->head().id; }
    std::string_view tracestate() const noexcept { return trace_->tracestate(); }

    /// The name of the service that recorded it.
    std::string_view service() const noexcept { return trace_->owner()->service(); }

    /// Whether the head sampler, here or where the trace came from, sampled it.
    bool sampled() const noexcept { return (trace_->head().flags & span_context::sampled_flag) != 0; }

    /// Why the tail policy kept it.
    keep_reason reason() const noexcept { return trace_->reason(); }

    /// When it began here.
    wall_time start() const noexcept { return trace_->head().wall_start; }
    monotonic_time monotonic_start() const noexcept { return trace_->head().start; }

    /// Spans that limits kept off the record.
    std::uint32_t dropped() const noexcept { return trace_->dropped(); }

    /// Its spans. O(spans).
    std::uint32_t spans() const noexcept {
        std::uint32_t count = 0;
        std::uint32_t const slots = trace_->slots();
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            detail::record const* const each = std::as_const(*trace_).read(slot);
            count += each != nullptr && each->type == detail::record_type::span ? 1U : 0U;
        }
        return count;
    }

    /// Memory that it holds.
    std::uint64_t bytes() const noexcept { return trace_->bytes(); }

    /// Its local root.
    span_view root() const { return {*trace_, 0, *trace_->read(0)}; }

    /// Calls `visit(span_view const&)` for each span, in the order in which they began, the local root first.
    template<class Visit>
    void for_each_span(Visit&& visit) const {
        std::uint32_t const slots = trace_->slots();
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            detail::record const* const each = std::as_const(*trace_).read(slot);
            if (each != nullptr && each->type == detail::record_type::span) {
                visit(span_view{*trace_, slot, *each});
            }
        }
    }

    /// Whether two handles are of the same part of a trace.
    friend bool operator==(finished_trace const&, finished_trace const&) = default;

  private:
    detail::segment* trace_;
};

} // namespace orfeas::inline v0::trace
