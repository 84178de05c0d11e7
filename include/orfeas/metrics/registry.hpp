// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/counter.hpp>
#include <orfeas/metrics/detail/registry_core.hpp>
#include <orfeas/metrics/error.hpp>
#include <orfeas/metrics/fwd.hpp>
#include <orfeas/metrics/gauge.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/label_name.hpp>
#include <orfeas/metrics/labels.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/metrics/prometheus_text.hpp>
#include <orfeas/metrics/typed_family.hpp>
#include <orfeas/metrics/up_down_counter.hpp>
#include <orfeas/stats/bucket_layout.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::metrics {

/// How a registry is set up.
struct registry_options {
    std::uint32_t max_series = 1000;
    std::chrono::milliseconds quantile_window = std::chrono::seconds{60};
    std::chrono::milliseconds idle_series{0};

    /// The ids of the span that runs here and now, if it is one that will be kept; zero ids otherwise. Then updates that are
    /// made in such a span become exemplars. Null: only what is observed with ids of its own does.
    exemplar_ids (*exemplar_source)() noexcept = nullptr;

    static constexpr std::string_view environment_prefix = "ORFEAS_METRICS_";
    static void fields(auto& self, auto&& field) {
        using namespace std::chrono;
        field("max_series", self.max_series, at_least(1),
              "label sets of one metric; what comes after shares one series");
        field("quantile_window", self.quantile_window, in_range(seconds{1}, hours{24}),
              "how far back the measured quantiles of histograms reach");
        field("idle_series", self.idle_series, in_range(seconds{0}, hours{24 * 365}),
              "series without updates for so long are removed; 0: never");
    }
};

/// Makes the application's own metrics and reports them. A metric is a family of series: one name, type and help, and for
/// each set of label values one series. Asking again for the same name and labels gives the same series, so any part of a
/// program may ask by itself. Asking by name takes a lock and a search (about a microsecond); asking a typed family, which
/// is kept, takes neither; a handle to the series itself is fastest.
///
/// A family holds at most `max_series` series. Of new ones beyond that, labels that are marked `unbounded` become
/// "overflow" while the others keep their values; when those are too many too, or none is marked, all become "overflow", so
/// that a label without end (a path, a user) costs neither memory nor the scrape. The registry counts this in
/// `metrics_overflows_total`, refused updates in `metrics_rejected_updates_total`, its series in `metrics_series`.
///
/// Label values are UTF-8; what is not becomes U+FFFD, in which such values are one series.
///
/// Series are removed by `remove`, or after `idle_series` without updates. A handle to a removed series changes nothing any
/// more, which is counted as a rejected update; asking again makes a fresh series.
///
/// Handles refer to the registry, which outlives their use. The threads that used it may outlive it.
/// Thread-safe.
template<clock Clock>
class basic_registry {
  public:
    explicit basic_registry(registry_options options = {}, Clock clock = Clock{})
        : options_{(validate(options), options)}, clock_{std::move(clock)}, core_{setup()} {}

    basic_registry(basic_registry const&) = delete;
    basic_registry& operator=(basic_registry const&) = delete;

    /// Finds or makes a counter. Its name ends in `_total`.
    /// Throws registration_error for a name or label that Prometheus does not take, and for a family that exists with
    /// another type, help or set of label names.
    metrics::counter counter(std::string_view name, std::string_view help, label_list labels = {}) {
        detail::sorted_labels const sorted{name, labels};
        auto& family = core_.provide({name, metric_type::counter, help}, sorted.names());
        return metrics::counter{core_.resolve(family, sorted.values())};
    }

    /// Finds or makes an up-down counter. Throws as `counter` does.
    metrics::up_down_counter up_down_counter(std::string_view name, std::string_view help, label_list labels = {}) {
        detail::sorted_labels const sorted{name, labels};
        auto& family = core_.provide({name, metric_type::up_down_counter, help}, sorted.names());
        return metrics::up_down_counter{core_.resolve(family, sorted.values())};
    }

    /// Finds or makes a gauge. Throws as `counter` does, and where a callback gauge has the same labels.
    metrics::gauge gauge(std::string_view name, std::string_view help, label_list labels = {}) {
        detail::sorted_labels const sorted{name, labels};
        auto& family = core_.provide({name, metric_type::gauge, help}, sorted.names());
        auto const [series, level] = core_.resolve_gauge(family, sorted.values());
        return metrics::gauge{series, *level};
    }

    /// A gauge whose value `read()` gives at each measurement, as long as the returned object lives. `read` is called by
    /// one thread at a time, must not destroy that object and must not have the registry measured, collected or written; if
    /// it throws, the value is NaN.
    /// Throws as `counter` does, and where another gauge has the same labels.
    metrics::callback_gauge callback_gauge(std::string_view name, std::string_view help, unique_function<double()> read,
                                           label_list labels = {}) {
        ORFEAS_ASSERT(read != nullptr, "pass a function that can be called");
        detail::sorted_labels const sorted{name, labels};
        auto& family = core_.provide({name, metric_type::gauge, help}, sorted.names());
        auto const cell = std::make_shared<detail::callback_cell>(std::move(read));
        core_.resolve_callback(family, sorted.values(), cell);
        return metrics::callback_gauge{cell};
    }

    /// Finds or makes a histogram over `range`. Throws as `counter` does, for a family with another range, and
    /// option_error for a range that is none.
    metrics::histogram histogram(std::string_view name, std::string_view help, label_list labels = {},
                                 stats::bucket_range range = {}) {
        detail::sorted_labels const sorted{name, labels};
        auto& family = core_.provide({name, metric_type::histogram, help, stats::bucket_layout{range}}, sorted.names());
        return metrics::histogram{core_.resolve(family, sorted.values()), family.shape()};
    }

    /// Finds or makes a family of counters with these labels, `counter_family<"method", unbounded<"path">>(…)`. Which
    /// labels are unbounded is settled by who asks first. Throws as `counter` does.
    template<label_name... Names>
    typed_family<metrics::counter, Names...> counter_family(std::string_view name, std::string_view help) {
        return family_of<metrics::counter, Names...>({name, metric_type::counter, help});
    }
    template<label_name... Names>
    typed_family<metrics::up_down_counter, Names...> up_down_counter_family(std::string_view name,
                                                                            std::string_view help) {
        return family_of<metrics::up_down_counter, Names...>({name, metric_type::up_down_counter, help});
    }
    template<label_name... Names>
    typed_family<metrics::gauge, Names...> gauge_family(std::string_view name, std::string_view help) {
        return family_of<metrics::gauge, Names...>({name, metric_type::gauge, help});
    }
    template<label_name... Names>
    typed_family<metrics::histogram, Names...> histogram_family(std::string_view name, std::string_view help,
                                                                stats::bucket_range range = {}) {
        return family_of<metrics::histogram, Names...>(
            {name, metric_type::histogram, help, stats::bucket_layout{range}});
    }

    /// Removes a series: it is not reported any more, and handles to it change nothing. False if there is none, and for
    /// the registry's own. The family stays. A callback gauge is better removed by its handle.
    bool remove(std::string_view name, label_list labels = {}) {
        detail::sorted_labels const sorted{name, labels};
        return core_.remove(name, sorted.names(), sorted.values());
    }

    /// Whether there is a metric of this name, with or without series.
    bool has_family(std::string_view name) const { return core_.has_family(name); }

    /// Whether a metric here has this name, or one that a format would mix up with it: that of a sample (`x_count` where
    /// there is a histogram `x`) or of the same family in OpenMetrics (`x` where there is a counter `x_total`).
    bool has_name_of(std::string_view name, metric_type type) const { return core_.has_name_of(name, type); }

    /// Hands out every family that has series; see points.hpp. Updates go on meanwhile. The sink may use the registry, but
    /// for what collects it again. Allocates nothing once it has been called for the same series.
    void collect(family_sink sink) const { core_.collect(sink); }

    /// Reports every series: counters and gauges under their names, histograms as `<name>_count` and `<name>_sum` and the
    /// quantiles of about the last minute (`quantile_window`) as `<name>_p50`, `_p95` and `_p99`. The sink may use the
    /// registry as with `collect`.
    void measure(measurement_sink sink) const { core_.measure(sink); }

    /// Appends every series as one document in the Prometheus text format 0.0.4; see prometheus_text.
    void write_prometheus(std::string& out) const {
        prometheus_text writer{out};
        collect(writer);
    }

    registry_options const& options() const noexcept { return options_; }

  private:
    detail::registry_setup setup() const noexcept {
        return {options_.max_series,
                options_.quantile_window,
                options_.idle_series,
                options_.exemplar_source,
                [](void const* clock) noexcept { return static_cast<Clock const*>(clock)->now(); },
                [](void const* clock) noexcept { return static_cast<Clock const*>(clock)->wall_now(); },
                &clock_};
    }

    template<class Instrument, label_name... Names>
    typed_family<Instrument, Names...> family_of(detail::description const& asked) {
        using order = detail::label_order<Names...>;
        return {core_, core_.provide(asked, order::sorted, order::unbounded)};
    }

    registry_options options_;
    Clock clock_;
    mutable detail::registry_core core_;
};

static_assert(measurable<registry>);
static_assert(collectable<registry>);

} // namespace orfeas::inline v0::metrics
