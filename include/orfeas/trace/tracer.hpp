// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/trace/detail/recorder.hpp>
#include <orfeas/trace/finished_trace.hpp>
#include <orfeas/trace/options.hpp>
#include <orfeas/trace/sampling.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/store.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::trace {

/// Begins traces and keeps them when they have ended.
///
///     trace::tracer tracer;
///     {
///         auto request = tracer.span("request");
///         auto decode = tracer.span("decode");  // a child of "request"
///     }
///     for (auto const& each : tracer.store().recent(10)) …
///
/// `Head` decides which traces are recorded, `Tail` which of these are kept. Spans, captured contexts and coroutines may
/// outlive the tracer: what ends after it is not kept.
/// Thread-safe.
template<clock Clock = steady_clock, head_sampler Head = standard_head_sampler, tail_policy Tail = standard_tail_policy>
class basic_tracer {
  public:
    using store_type = basic_trace_store<Clock, Tail>;

    /// Throws option_error for an option that is out of range.
    explicit basic_tracer(tracer_options const& options = {}, Clock clock = {})
        requires(std::constructible_from<Head, tracer_options const&> &&
                 std::constructible_from<Tail, tracer_options const&>)
        : basic_tracer{options, std::move(clock), Head{options}, Tail{options}} {}

    /// The same with a sampler and a policy of one's own.
    basic_tracer(tracer_options const& options, Clock clock, Head head, Tail tail)
        : recorder_{make(options, std::move(clock), std::move(head), std::move(tail))}, enabled_{options.enabled} {}

    basic_tracer(basic_tracer const&) = delete;
    basic_tracer& operator=(basic_tracer const&) = delete;
    ~basic_tracer() { recorder_->store().close(); }

    /// Opens a span below the current one; where there is none, it begins a trace.
    trace::span span(text_ref name, span_kind kind = span_kind::internal) noexcept {
        if (!enabled_) {
            return trace::span{};
        }
        return below(detail::current_position(), {name, kind, nullptr});
    }
    trace::span span(text_ref name, instrumentation_scope const& from, span_kind kind = span_kind::internal) noexcept {
        if (!enabled_) {
            return trace::span{};
        }
        return below(detail::current_position(), {name, kind, &from});
    }

    /// Opens a span below `parent`; where that is empty, it begins a trace.
    trace::span span(text_ref name, trace::context const& parent, span_kind kind = span_kind::internal) noexcept {
        if (!enabled_) {
            return trace::span{};
        }
        return below(parent.at(), {name, kind, nullptr});
    }

    /// Begins a trace, or this process's part of a trace that `parent` came from; whatever is current.
    trace::span root(text_ref name, std::optional<remote_parent> const& parent = std::nullopt,
                     span_kind kind = span_kind::internal) noexcept {
        if (!enabled_) {
            return trace::span{};
        }
        return trace::span{[&] { return open_root({name, kind, nullptr}, parent); }, suppressed};
    }

    /// As `span`, for a span that is never current.
    detached_span detached(text_ref name, span_kind kind = span_kind::internal) noexcept {
        return enabled_ ? detached_span{open(detail::current_position(), {name, kind, nullptr})} : detached_span{};
    }
    detached_span detached(text_ref name, trace::context const& parent, span_kind kind = span_kind::internal) noexcept {
        return enabled_ ? detached_span{open(parent.at(), {name, kind, nullptr})} : detached_span{};
    }

    /// Hands each trace that is kept to `sink`, an exporter say: see `basic_trace_store::set_sink`.
    void set_sink(unique_function<void(finished_trace)> sink) { recorder_->store().set_sink(std::move(sink)); }

    /// The finished traces.
    store_type const& store() const noexcept { return recorder_->store(); }

    bool enabled() const noexcept { return enabled_; }

    /// Traces that have begun and not ended.
    std::uint32_t active() const noexcept { return recorder_->active(); }

    /// Spans that were not recorded, by reason.
    std::uint64_t dropped(drop_reason reason) const noexcept { return recorder_->drops(reason); }

    /// Reports trace_* measurements.
    void measure(measurement_sink sink) const {
        using enum measurement_kind;
        auto const stats = store().stats();
        auto const report = [&](std::string_view name, measurement_kind kind, orfeas::unit unit, std::uint64_t value,
                                std::string_view help) {
            sink({name, kind, unit, static_cast<double>(value), {}, help});
        };
        report("trace_spans_total", counter, unit::none, stats.spans_total, "Spans of ended traces.");
        report("trace_traces_total", counter, unit::none, stats.traces_total, "Traces that ended.");
        report("trace_errors_total", counter, unit::none, stats.errors_total, "Spans that failed.");
        report("trace_active", gauge, unit::none, active(), "Traces that have begun and not ended.");
        report("trace_stored", gauge, unit::none, stats.stored, "Ended traces held in memory.");
        report("trace_stored_bytes", gauge, unit::bytes, stats.stored_bytes, "Memory of the traces held.");
        report("trace_attributes_dropped_total", counter, unit::none, recorder_->lost_attributes(),
               "Attributes for which a trace had no room.");
        report("trace_unrecorded_total", counter, unit::none, recorder_->unrecorded(),
               "Traces that the head sampler did not let in.");
        for (std::size_t i = 0; i < keep_reasons; ++i) {
            label const by_reason[] = {{"reason", to_string(static_cast<keep_reason>(i))}};
            sink({"trace_kept_total", counter, unit::none, static_cast<double>(stats.kept_total[i]), by_reason,
                  "Traces that ended, by the reason for which they were kept; none: they were not."});
        }
        for (std::uint32_t i = 0; i < drop_reasons; ++i) {
            auto const reason = static_cast<drop_reason>(i);
            label const by_reason[] = {{"reason", to_string(reason)}};
            sink({"trace_dropped_total", counter, unit::none, static_cast<double>(dropped(reason)), by_reason,
                  "Spans that were not recorded."});
        }
    }

  private:
    using recorder_type = detail::recorder<Clock, Head, Tail>;

    static std::shared_ptr<recorder_type> make(tracer_options const& options, Clock clock, Head head, Tail tail) {
        validate(options);
        return std::make_shared<recorder_type>(options, std::move(clock), std::move(head), std::move(tail));
    }

    /// Below a trace that was dropped nothing is recorded, so that no span is taken for the beginning of another trace.
    static constexpr detail::position suppressed{nullptr, detail::suppressed_slot};

    bool is_ours(detail::position at) const noexcept {
        return at.trace != nullptr && at.trace->owner() == recorder_.get();
    }

    trace::span below(detail::position parent, detail::span_start const& as) noexcept {
        if (is_ours(parent) && !parent.trace->is_recorded()) {
            return trace::span{[] { return detail::recording{}; }, parent};
        }
        return trace::span{[&] { return open(parent, as); }, is_ours(parent) ? parent : suppressed};
    }

    detail::recording open(detail::position parent, detail::span_start const& as) noexcept {
        if (parent == suppressed) {
            return {};
        }
        return is_ours(parent) ? detail::open_below(parent, as, detail::this_thread()) : open_root(as, std::nullopt);
    }

    detail::recording open_root(detail::span_start const& as, std::optional<remote_parent> const& parent) noexcept {
        detail::segment* const trace = recorder_->start(as, parent ? &*parent : nullptr);
        if (trace == nullptr) {
            return {};
        }
        return {*trace, 0, detail::no_slot, as, detail::this_thread()};
    }

    std::shared_ptr<recorder_type> recorder_;
    bool const enabled_;
};

using tracer = basic_tracer<>;
static_assert(measurable<tracer>);

} // namespace orfeas::inline v0::trace
