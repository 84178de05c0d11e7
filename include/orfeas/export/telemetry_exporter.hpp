// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/export/metrics_exporter.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/trace_exporter.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe/measured.hpp>
#include <orfeas/trace/finished_trace.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::exporting {

/// What has traces, metrics and a name, as an observatory does.
template<class S>
concept telemetry_source = observe::metrics_source<S> && requires(S& s) {
    s.tracer().set_sink([](trace::finished_trace) {});
    { s.service() } -> std::convertible_to<std::string_view>;
};

namespace detail {

/// The registry's metrics and all other measurements as one source to collect from.
template<telemetry_source Source>
class whole_source {
  public:
    explicit whole_source(Source& from) : from_{&from} {}

    void collect(metrics::family_sink sink) {
        from_->metrics().collect(sink);
        observe::measured_beside_registry(*from_).collect(sink);
    }

  private:
    Source* from_;
};

} // namespace detail

/// Exports all that a source has: its traces as they finish, its metrics and measurements once an interval.
///
///     exporting::telemetry_exporter out{io.get_executor(), obs, from_environment<exporting::otlp_options>()};
///     obs.watch("export", out);
///     out.start();
///     …
///     co_await out.stop(std::chrono::seconds{5});
///
/// The source outlives it, and while it runs it alone is the sink of the source's tracer.
/// Thread-safe, but for `start`.
template<telemetry_source Source>
class telemetry_exporter {
  public:
    /// Throws option_error for options out of range.
    telemetry_exporter(boost::asio::any_io_executor executor, Source& from, otlp_options options = {}, logger log = {})
        : from_{&from},
          all_{from},
          traces_{executor, named(options, from), log},
          metrics_{std::move(executor), all_, named(std::move(options), from), std::move(log)} {}

    telemetry_exporter(telemetry_exporter const&) = delete;
    telemetry_exporter& operator=(telemetry_exporter const&) = delete;
    ~telemetry_exporter() { leave_tracer(); }

    /// Begins to send.
    void start() {
        traces_.start();
        metrics_.start();
        is_sink_ = true;
        from_->tracer().set_sink([this](trace::finished_trace each) { traces_.push(std::move(each)); });
    }

    /// Sends what is left, as far as the time suffices for each of traces and metrics.
    task<void> stop(std::chrono::nanoseconds deadline) {
        leave_tracer();
        co_await traces_.stop(deadline);
        co_await metrics_.stop(deadline);
    }

    export_stats trace_stats() const { return traces_.stats(); }    ///< in spans
    export_stats metrics_stats() const { return metrics_.stats(); } ///< in data points

    /// Reports export_* measurements, labelled by signal.
    void measure(measurement_sink sink) const {
        traces_.measure(sink);
        metrics_.measure(sink);
    }

  private:
    /// The tracer may have the sink of another exporter before this one starts and after it has stopped.
    void leave_tracer() {
        if (is_sink_.exchange(false)) {
            from_->tracer().set_sink(nullptr);
        }
    }

    static otlp_options named(otlp_options options, Source& from) {
        if (options.service_name.empty()) {
            options.service_name = std::string{from.service()};
        }
        return options;
    }

    Source* from_;
    std::atomic<bool> is_sink_{false};
    detail::whole_source<Source> all_;
    trace_exporter traces_;
    metrics_exporter<detail::whole_source<Source>> metrics_;
};

} // namespace orfeas::inline v0::exporting
