// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/trace/detail/recorder.hpp>
#include <orfeas/trace/options.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/store.hpp>

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
/// Spans, captured contexts and coroutines may outlive the tracer: what ends after it is not kept.
/// Thread-safe.
template<clock Clock = steady_clock>
class basic_tracer {
  public:
    /// Throws option_error for an option that is out of range.
    explicit basic_tracer(tracer_options const& options = {}, Clock clock = {})
        : recorder_{make(options, std::move(clock))}, enabled_{options.enabled} {}

    basic_tracer(basic_tracer const&) = delete;
    basic_tracer& operator=(basic_tracer const&) = delete;
    ~basic_tracer() { recorder_->store().close(); }

    /// Opens a span below the current one; where there is none, it begins a trace.
    trace::span span(std::string_view name) noexcept {
        if (!enabled_) {
            return trace::span{};
        }
        return below(detail::current_position(), name);
    }

    /// Opens a span below `parent`; where that is empty, it begins a trace.
    trace::span span(std::string_view name, trace::context const& parent) noexcept {
        if (!enabled_) {
            return trace::span{};
        }
        return below(parent.at(), name);
    }

    /// Begins a trace, or this process's part of a trace that `parent` came from; whatever is current.
    trace::span root(std::string_view name, std::optional<remote_parent> const& parent = std::nullopt) noexcept {
        if (!enabled_) {
            return trace::span{};
        }
        return trace::span{open_root(name, parent), suppressed};
    }

    /// As `span`, for a span that is never current.
    detached_span detached(std::string_view name) noexcept {
        return enabled_ ? detached_span{open(detail::current_position(), name)} : detached_span{};
    }
    detached_span detached(std::string_view name, trace::context const& parent) noexcept {
        return enabled_ ? detached_span{open(parent.at(), name)} : detached_span{};
    }

    /// The finished traces.
    basic_trace_store<Clock> const& store() const noexcept { return recorder_->store(); }

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
        for (std::uint32_t i = 0; i < drop_reasons; ++i) {
            auto const reason = static_cast<drop_reason>(i);
            label const by_reason[] = {{"reason", to_string(reason)}};
            sink({"trace_dropped_total", counter, unit::none, static_cast<double>(dropped(reason)), by_reason,
                  "Spans that were not recorded."});
        }
    }

  private:
    static std::shared_ptr<detail::recorder<Clock>> make(tracer_options const& options, Clock clock) {
        validate(options);
        return std::make_shared<detail::recorder<Clock>>(options, std::move(clock));
    }

    /// Below a trace that was dropped nothing is recorded, so that no span is taken for the beginning of another trace.
    static constexpr detail::position suppressed{nullptr, detail::suppressed_slot};

    bool is_ours(detail::position at) const noexcept {
        return at.trace != nullptr && at.trace->owner() == recorder_.get();
    }

    trace::span below(detail::position parent, std::string_view name) noexcept {
        return trace::span{open(parent, name), is_ours(parent) ? parent : suppressed};
    }

    detail::recording open(detail::position parent, std::string_view name) noexcept {
        if (parent == suppressed) {
            return {};
        }
        return is_ours(parent) ? detail::open_child(parent, name) : open_root(name, std::nullopt);
    }

    detail::recording open_root(std::string_view name, std::optional<remote_parent> const& parent) noexcept {
        detail::segment* const trace =
            parent ? recorder_->start(parent->ids(), parent->tracestate()) : recorder_->start(span_context{}, {});
        if (trace == nullptr) {
            return {};
        }
        return {*trace, 0, detail::no_slot, name};
    }

    std::shared_ptr<detail::recorder<Clock>> recorder_;
    bool const enabled_;
};

using tracer = basic_tracer<>;
static_assert(measurable<tracer>);

} // namespace orfeas::inline v0::trace
