// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/counter.hpp>
#include <orfeas/metrics/detail/family.hpp>
#include <orfeas/metrics/error.hpp>
#include <orfeas/metrics/fwd.hpp>
#include <orfeas/metrics/gauge.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/labels.hpp>
#include <orfeas/metrics/names.hpp>
#include <orfeas/stats/bucket_layout.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace orfeas::inline v0::metrics {

/// How a registry is set up.
struct registry_options {
    std::uint32_t max_series = 1000;
    std::chrono::milliseconds quantile_window = std::chrono::seconds{60};

    static constexpr std::string_view environment_prefix = "ORFEAS_METRICS_";
    static void fields(auto& self, auto&& field) {
        using namespace std::chrono;
        field("max_series", self.max_series, at_least(1),
              "label sets of one metric; what comes after shares one series");
        field("quantile_window", self.quantile_window, in_range(seconds{1}, hours{24}),
              "how far back the measured quantiles of histograms reach");
    }
};

/// Makes the application's own metrics and reports them. A metric is a family of series: one name, type and help, and for
/// each set of label values one series. Asking again for the same name and labels gives the same series, so any part of a
/// program may ask by itself; asking takes a lock and a search (about a microsecond): keep the handle.
///
/// A family holds at most `max_series` series. Labels beyond that share one more, whose label values are all "overflow",
/// so that a label with unbounded values (a path, a user) costs neither memory nor the scrape. The registry counts this in
/// `metrics_overflows_total`, refused updates in `metrics_rejected_updates_total`, its series in `metrics_series`.
///
/// Handles refer to the registry, which outlives their use. Series are never removed.
/// Thread-safe.
template<clock Clock>
class basic_registry {
  public:
    explicit basic_registry(registry_options options = {}, Clock clock = Clock{})
        : options_{(validate(options), options)}, clock_{std::move(clock)} {
        auto& rejected = resolve<detail::counter_cell>(
            {"metrics_rejected_updates_total", type::counter, "Updates refused: negative or not finite."}, {}, nullptr);
        rejected.rejected = &rejected;
        rejections_ = &rejected;
        overflows_ = &resolve<detail::counter_cell>(
            {"metrics_overflows_total", type::counter, "Requests for a series that got the overflow series."}, {},
            rejections_);
        series_ = &resolve<detail::gauge_cell>({"metrics_series", type::gauge, "Series held."}, {}, *rejections_);
        metrics::gauge{*series_}.set(3);
    }

    basic_registry(basic_registry const&) = delete;
    basic_registry& operator=(basic_registry const&) = delete;

    /// Finds or makes a counter. Its name ends in `_total`.
    /// Throws registration_error for a name or label that Prometheus does not take, and for a family that exists with
    /// another type, help or set of label names.
    metrics::counter counter(std::string_view name, std::string_view help, label_list labels = {}) {
        if (!name.ends_with("_total")) {
            throw registration_error{name, "the name of a counter must end in _total"};
        }
        return metrics::counter{resolve<detail::counter_cell>({name, type::counter, help}, labels, rejections_)};
    }

    /// Finds or makes a gauge. Throws as `counter` does, and where a callback gauge has the same labels.
    metrics::gauge gauge(std::string_view name, std::string_view help, label_list labels = {}) {
        return metrics::gauge{resolve<detail::gauge_cell>({name, type::gauge, help}, labels, *rejections_)};
    }

    /// A gauge whose value `read()` gives at each measurement, as long as the returned object lives. `read` is called by
    /// one thread at a time and must not destroy that object; if it throws, the value is NaN.
    /// Throws as `counter` does, and where another gauge has the same labels.
    metrics::callback_gauge callback_gauge(std::string_view name, std::string_view help, unique_function<double()> read,
                                           label_list labels = {}) {
        ORFEAS_ASSERT(read != nullptr, "pass a function that can be called");
        auto const cell =
            resolve<callback_pointer>({name, type::gauge, help}, labels, std::make_shared<detail::callback_cell>());
        if (!cell->attach(std::move(read))) {
            throw registration_error{name,
                                     "another callback gauge has these labels, as all new ones have in a full family"};
        }
        return metrics::callback_gauge{cell};
    }

    /// Finds or makes a histogram over `range`. Throws as `counter` does, for a family with another range, and
    /// option_error for a range that is none.
    metrics::histogram histogram(std::string_view name, std::string_view help, label_list labels = {},
                                 stats::bucket_range range = {}) {
        stats::bucket_layout const layout{range};
        return metrics::histogram{
            resolve<detail::histogram_cell>({name, type::histogram, help, layout}, labels, layout, *rejections_)};
    }

    /// Reports every series: counters and gauges under their names, histograms as `<name>_count` and `<name>_sum` and the
    /// quantiles of about the last minute (`quantile_window`) as `<name>_p50`, `_p95` and `_p99`.
    void measure(measurement_sink sink) const {
        for (auto const& [family, series] : snapshot()) {
            auto const labels = series->labels.views();
            if (auto* const histogram = std::get_if<detail::histogram_cell>(&series->cell)) {
                measure_histogram(*family, labels, histogram->read(clock_.now(), options_.quantile_window), sink);
            } else if (auto const value = series->value()) {
                auto const kind = family->type == type::counter ? measurement_kind::counter : measurement_kind::gauge;
                sink({family->name, kind, unit_of_name(family->name), *value, labels, family->help});
            }
        }
    }

    /// Appends every series as one document in the Prometheus text format 0.0.4: families sorted by name, series by labels,
    /// histograms with cumulative buckets at powers of two.
    void write_prometheus(std::string& out) const {
        detail::family const* current = nullptr;
        for (auto const& [family, series] : snapshot()) {
            auto const& labels = series->labels.text();
            if (auto const* const histogram = std::get_if<detail::histogram_cell>(&series->cell)) {
                introduce(out, *family, current);
                detail::append_histogram(out, family->name, labels, histogram->snapshot());
            } else if (auto const value = series->value()) {
                introduce(out, *family, current);
                detail::append_sample(out, family->name, labels, *value);
            }
        }
    }

    registry_options const& options() const noexcept { return options_; }

  private:
    using type = detail::family_type;
    using callback_pointer = detail::series::callback_pointer;

    /// What a family is registered with.
    struct description {
        std::string_view name;
        detail::family_type type;
        std::string_view help;
        stats::bucket_layout layout{};
    };

    struct family_series {
        detail::family const* family;
        detail::series* series;
    };

    /// The cell of a series, found or made.
    template<class Cell, class... Args>
    Cell& resolve(description const& asked, label_list labels, Args&&... args) {
        if (!is_metric_name(asked.name)) {
            throw registration_error{asked.name, "the name must match [a-zA-Z_:][a-zA-Z0-9_:]*"};
        }
        detail::label_set set{asked.name, labels};
        std::lock_guard const hold{mutex_};
        detail::family& family = family_of(asked, set);
        detail::series* found = family.members.find(set.text());
        if (found == nullptr && family.members.size() >= options_.max_series) {
            metrics::counter{*overflows_}.add();
            set = set.overflow();
            found = family.members.find(set.text());
        }
        if (found == nullptr) {
            found = &insert<Cell>(family, std::move(set), std::forward<Args>(args)...);
        }
        auto* const cell = std::get_if<Cell>(&found->cell);
        if (cell == nullptr) {
            throw registration_error{asked.name, "a gauge and a callback gauge cannot have the same labels"};
        }
        return *cell;
    }

    template<class Cell, class... Args>
    detail::series& insert(detail::family& family, detail::label_set set, Args&&... args) {
        auto& added = family.members.insert(
            std::make_unique<detail::series>(std::move(set), std::in_place_type<Cell>, std::forward<Args>(args)...));
        if (series_ != nullptr) {
            metrics::gauge{*series_}.add(1);
        }
        return added;
    }

    detail::family& family_of(description const& asked, detail::label_set const& labels) {
        if (detail::family* const found = families_.find(asked.name)) {
            check_same(*found, asked, labels);
            return *found;
        }
        check_sample_names(asked);
        return families_.insert(std::make_unique<detail::family>(
            detail::family{std::string{asked.name}, asked.type, std::string{asked.help}, labels, asked.layout, {}}));
    }

    static void check_same(detail::family const& family, description const& asked, detail::label_set const& labels) {
        if (family.type != asked.type) {
            throw registration_error{asked.name, std::string{"exists as a "}.append(to_string(family.type))};
        }
        if (family.help != asked.help) {
            throw registration_error{asked.name, "exists with the help text '" + family.help + "'"};
        }
        if (!labels.has_names_of(family.first_labels)) {
            throw registration_error{asked.name, "exists with other label names: {" + family.first_labels.text() + "}"};
        }
        if (family.layout != asked.layout) {
            throw registration_error{asked.name, "exists with another bucket range"};
        }
    }

    /// A histogram's samples take three more names, which no other family may have.
    void check_sample_names(description const& asked) const {
        for (std::string_view const suffix : {"_bucket", "_sum", "_count"}) {
            auto const* const longer = families_.find(std::string{asked.name}.append(suffix));
            if (asked.type == type::histogram && longer != nullptr) {
                throw registration_error{asked.name,
                                         "metric '" + longer->name + "' has the name of one of its samples"};
            }
            if (!asked.name.ends_with(suffix)) {
                continue;
            }
            auto const* const shorter = families_.find(asked.name.substr(0, asked.name.size() - suffix.size()));
            if (shorter != nullptr && shorter->type == type::histogram) {
                throw registration_error{asked.name, "is the name of a sample of histogram '" + shorter->name + "'"};
            }
        }
    }

    /// The series in order of family and labels. They are never removed, so they are read without the lock: a sink or a
    /// callback may use the registry.
    std::vector<family_series> snapshot() const {
        std::lock_guard const hold{mutex_};
        std::vector<family_series> all;
        for (auto const& family : families_) {
            for (auto const& series : family->members) {
                all.push_back({family.get(), series.get()});
            }
        }
        return all;
    }

    static void introduce(std::string& out, detail::family const& family, detail::family const*& current) {
        if (current != &family) {
            current = &family;
            detail::append_header(out, family.name, to_string(family.type), family.help);
        }
    }

    static void measure_histogram(detail::family const& family, std::span<label const> labels,
                                  detail::histogram_cell::reading const& values, measurement_sink sink) {
        auto const report = [&](std::string_view suffix, measurement_kind kind, unit unit, double value) {
            sink({family.name + std::string{suffix}, kind, unit, value, labels, family.help});
        };
        unit const unit = unit_of_name(family.name);
        report("_count", measurement_kind::counter, unit::none, static_cast<double>(values.total.count()));
        report("_sum", measurement_kind::counter, unit, values.total.sum());
        report("_p50", measurement_kind::gauge, unit, values.recent.quantile(0.50));
        report("_p95", measurement_kind::gauge, unit, values.recent.quantile(0.95));
        report("_p99", measurement_kind::gauge, unit, values.recent.quantile(0.99));
    }

    registry_options options_;
    [[no_unique_address]] Clock clock_;
    mutable std::mutex mutex_;
    detail::sorted_entries<detail::family> families_;

    // The registry's own series, among the others.
    detail::counter_cell* rejections_ = nullptr;
    detail::counter_cell* overflows_ = nullptr;
    detail::gauge_cell* series_ = nullptr;
};

static_assert(measurable<registry>);

} // namespace orfeas::inline v0::metrics
