// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/detail/family.hpp>
#include <orfeas/metrics/detail/gatherer.hpp>
#include <orfeas/metrics/detail/readable_values.hpp>
#include <orfeas/metrics/detail/series.hpp>
#include <orfeas/metrics/error.hpp>
#include <orfeas/metrics/labels.hpp>
#include <orfeas/metrics/names.hpp>
#include <orfeas/metrics/points.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::metrics::detail {

/// Labels sorted by name, of one call.
class sorted_labels {
  public:
    /// Throws registration_error for a name that Prometheus does not take, a name given twice, and too many labels.
    sorted_labels(std::string_view metric, label_list labels) {
        if (labels.size() > family::most_labels) {
            throw registration_error{metric, "has more than 32 labels"};
        }
        for (auto const& [name, value] : labels) {
            std::size_t at = size_++;
            for (; at > 0 && name < names_[at - 1]; --at) {
                names_[at] = names_[at - 1];
                values_[at] = values_[at - 1];
            }
            names_[at] = name;
            values_[at] = value;
        }
        check(metric);
    }

    std::span<std::string_view const> names() const noexcept { return {names_.data(), size_}; }
    label_values values() const noexcept { return {values_.data(), size_}; }

  private:
    void check(std::string_view metric) const {
        for (std::size_t i = 0; i < size_; ++i) {
            std::string const name{names_[i]};
            if (!is_label_name(name) || name == "le" || name == "quantile") {
                throw registration_error{metric, "label '" + name +
                                                     "' must match [a-zA-Z_][a-zA-Z0-9_]* without two leading "
                                                     "underscores, and be neither le nor quantile"};
            }
            if (i > 0 && names_[i] == names_[i - 1]) {
                throw registration_error{metric, "label '" + name + "' is given twice"};
            }
        }
    }

    std::array<std::string_view, family::most_labels> names_;
    std::array<std::string_view, family::most_labels> values_;
    std::size_t size_ = 0;
};

/// What a registry's clock and options come down to.
struct registry_setup {
    std::uint32_t max_series;
    std::chrono::nanoseconds quantile_window;
    std::chrono::nanoseconds idle_series;
    exemplar_ids (*exemplar_source)() noexcept;
    monotonic_time (*now)(void const* clock) noexcept;
    wall_time (*wall_now)(void const* clock) noexcept;
    void const* clock;
};

/// A registry without its clock's type.
/// Thread-safe.
class registry_core {
  public:
    explicit registry_core(registry_setup const& setup)
        : setup_{setup},
          cells_{new cell_store},
          link_{cells_.get(), setup.exemplar_source, setup.wall_now, setup.clock, nullptr} {
        cells_->link = &link_;
        rejected_ = make_own({"metrics_rejected_updates_total", metric_type::counter,
                              "Updates refused: negative, not finite, or of a series that was removed."});
        link_.rejected = rejected_.at;
        overflows_ = make_own(
            {"metrics_overflows_total", metric_type::counter, "Requests for a series that got the overflow series."});
        series_ = make_own({"metrics_series", metric_type::gauge, "Series held."});
        level_of(series_)->value.store(3, std::memory_order_relaxed);
    }

    registry_core(registry_core const&) = delete;
    registry_core& operator=(registry_core const&) = delete;

    /// Finds or makes a family. `names` are sorted; see registration_error for what is refused.
    family& provide(description const& asked, std::span<std::string_view const> names, std::uint32_t unbounded = 0) {
        if (!is_metric_name(asked.name)) {
            throw registration_error{asked.name, "the name must match [a-zA-Z_:][a-zA-Z0-9_:]*"};
        }
        if (asked.type == metric_type::counter && !asked.name.ends_with("_total")) {
            throw registration_error{asked.name, "the name of a counter must end in _total"};
        }
        std::lock_guard const hold{mutex_};
        if (family* const found = find_family(asked.name)) {
            check_same(*found, asked, names);
            return *found;
        }
        check_sample_names(asked);
        auto made = std::make_unique<family>(link_, asked, std::vector<std::string>(names.begin(), names.end()),
                                             unbounded, setup_.max_series);
        return **families_.insert(place_of(asked.name), std::move(made));
    }

    /// Finds or makes the series with these values, sorted by their labels' names. Without a lock where it exists; where
    /// the family is full, an overflow series. Throws std::bad_alloc.
    series_ref resolve(family& of, label_values values) {
        std::uint64_t const before = of.changes();
        series_ref const found = of.find(values);
        return found.at != nullptr ? found : resolve_slowly(of, values, before);
    }

    /// The same for gauges: one with a callback has no level. Throws registration_error.
    std::pair<series_ref, gauge_level*> resolve_gauge(family& of, label_values values) {
        series_ref const found = resolve(of, values);
        series_extra const& extra = *found.at->extra.load(std::memory_order_acquire);
        gauge_level* const level = extra.level.load(std::memory_order_acquire);
        if (level == nullptr || extra.is_callback.load(std::memory_order_acquire)) {
            throw registration_error{of.name(), "a gauge and a callback gauge cannot have the same labels"};
        }
        return {found, level};
    }

    /// Makes a series whose value the callback gives.
    void resolve_callback(family& of, label_values values, std::shared_ptr<callback_cell> cell);

    /// Removes a series; false if there is none.
    bool remove(std::string_view name, std::span<std::string_view const> names, label_values values) {
        if (!are_readable(values)) {
            return remove(name, names, readable_values{values}.values());
        }
        std::lock_guard const hold{mutex_};
        family* const found = find_family(name);
        if (found == nullptr || found->is_own() || !has_names(*found, names)) {
            return false;
        }
        series_ref const gone = found->find(values);
        if (gone.at == nullptr) {
            return false;
        }
        remove(*found, found->number_of(gone));
        return true;
    }

    bool has_family(std::string_view name) const {
        std::lock_guard const hold{mutex_};
        return find_family(name) != nullptr;
    }

    bool has_name_of(std::string_view name, metric_type type) const {
        std::lock_guard const hold{mutex_};
        for (std::string_view const suffix : suffixes_of(type)) {
            if (taker_of(std::string{stem_of(name, type)}.append(suffix)) != nullptr) {
                return true;
            }
        }
        return false;
    }

    /// See basic_registry.
    void collect(family_sink sink) {
        gather({setup_.now(setup_.clock), setup_.idle_series, {}},
               [&](family_points const& each, std::span<recent_quantiles const>) { sink(each); });
    }
    void measure(measurement_sink sink) {
        gather({setup_.now(setup_.clock), setup_.idle_series, setup_.quantile_window},
               [&](family_points const& each, std::span<recent_quantiles const> quantiles) {
                   measure(each, quantiles, sink);
               });
    }

  private:
    struct closing {
        void operator()(cell_store* cells) const noexcept { cells->close(); }
    };

    series_ref make_own(description const& asked) {
        family& made = provide(asked, {});
        made.make_own();
        return resolve(made, {});
    }

    static gauge_level* level_of(series_ref const& gauge) noexcept {
        return gauge.at->extra.load(std::memory_order_acquire)->level.load(std::memory_order_acquire);
    }

    void change_series(double by) noexcept {
        if (series_.at != nullptr) {
            level_of(series_)->value.fetch_add(by, std::memory_order_relaxed);
        }
    }

    series_ref insert(family& of, label_values values, std::uint32_t overflow,
                      std::shared_ptr<callback_cell> callback = nullptr) {
        series_ref const made = of.insert(values, overflow, setup_.wall_now(setup_.clock), std::move(callback));
        change_series(1);
        return made;
    }

    void remove(family& of, std::uint32_t number) noexcept {
        of.remove(number);
        change_series(-1);
    }

    /// In a full family without a lock, if there are no such series for certain.
    [[gnu::noinline]] series_ref resolve_slowly(family& of, label_values values, std::uint64_t changes_before) {
        if (!are_readable(values)) {
            return resolve(of, readable_values{values}.values());
        }
        if (std::uint32_t const overflow = of.overflow(); overflow != 0) {
            series_ref const found = find_collapsed(of, values, overflow);
            if (found.at != nullptr && of.was_exact(changes_before)) {
                return count_overflow(found);
            }
        }
        std::lock_guard const hold{mutex_};
        return resolve_locked(of, values);
    }

    series_ref resolve_locked(family& of, label_values values) {
        if (series_ref const found = of.find(values); found.at != nullptr) {
            return found;
        }
        std::uint32_t const overflow = of.overflow();
        if (overflow == 0) {
            return insert(of, values, 0);
        }
        series_ref const found = find_collapsed(of, values, overflow);
        return count_overflow(found.at != nullptr ? found
                                                  : insert(of, collapsed{of, values, overflow}.values(), overflow));
    }

    series_ref count_overflow(series_ref of) noexcept {
        count(*overflows_.at, overflows_.generation, 1);
        return of;
    }

    /// What stands for these values in a full family, if it is there. What preserves labels comes first.
    static series_ref find_collapsed(family const& of, label_values values, std::uint32_t overflow) noexcept {
        series_ref found;
        for (std::uint32_t each = of.unbounded() == 0 ? 2 : 1; each <= overflow && found.at == nullptr; ++each) {
            found = of.find(collapsed{of, values, each}.values());
        }
        return found;
    }

    /// Values of which some have become "overflow".
    class collapsed {
      public:
        collapsed(family const& of, label_values values, std::uint32_t overflow) : size_{values.size()} {
            for (std::size_t i = 0; i < size_; ++i) {
                some_[i] = of.collapses(i, overflow) ? overflow_value : values[i];
            }
        }
        label_values values() const noexcept { return {some_.data(), size_}; }

      private:
        std::array<std::string_view, family::most_labels> some_;
        std::size_t size_;
    };

    using family_list = std::vector<std::unique_ptr<family>>;

    family_list::const_iterator place_of(std::string_view name) const noexcept {
        return first_not_before(families_.begin(), families_.size(),
                                [&](auto const& each) { return each->name() < name; });
    }

    family* find_family(std::string_view name) const noexcept {
        auto const place = place_of(name);
        return place != families_.end() && (*place)->name() == name ? place->get() : nullptr;
    }

    static bool has_names(family const& of, std::span<std::string_view const> names) noexcept {
        bool same = names.size() == of.label_names().size();
        for (std::size_t i = 0; same && i < names.size(); ++i) {
            same = names[i] == of.label_names()[i];
        }
        return same;
    }

    static void check_same(family const& found, description const& asked, std::span<std::string_view const> names) {
        if (found.type() != asked.type) {
            std::string_view const type =
                found.type() == metric_type::up_down_counter ? "up-down counter" : to_string(found.type());
            throw registration_error{asked.name, std::string{"exists as a "}.append(type)};
        }
        if (found.help() != asked.help) {
            throw registration_error{asked.name, "exists with the help text '" + found.help() + "'"};
        }
        if (!has_names(found, names)) {
            std::string text;
            for (std::string const& name : found.label_names()) {
                text.append(text.empty() ? "" : ", ").append(name);
            }
            throw registration_error{asked.name, "exists with other label names: {" + text + "}"};
        }
        if (found.shape().layout != asked.layout) {
            throw registration_error{asked.name, "exists with another bucket range"};
        }
    }

    /// The names that a family takes, in Prometheus' formats and in OpenMetrics, begin with this.
    static std::string_view stem_of(std::string_view name, metric_type type) noexcept {
        return type == metric_type::counter ? without_total(name) : name;
    }

    /// What follows there: OpenMetrics knows a counter without its _total, too.
    static std::span<std::string_view const> suffixes_of(metric_type type) noexcept {
        static constexpr std::array<std::string_view, 5> of_histogram{"", "_bucket", "_count", "_sum", "_created"};
        static constexpr std::array<std::string_view, 3> of_counter{"", "_total", "_created"};
        static constexpr std::array<std::string_view, 1> of_others{""};
        if (type == metric_type::histogram) {
            return of_histogram;
        }
        return type == metric_type::counter ? std::span<std::string_view const>{of_counter} : of_others;
    }

    /// No two families take the same name: a parser would refuse the whole document.
    void check_sample_names(description const& asked) const {
        for (std::string_view const suffix : suffixes_of(asked.type)) {
            std::string const taken = std::string{stem_of(asked.name, asked.type)}.append(suffix);
            if (family const* const other = taker_of(taken)) {
                std::string_view const type = other->type() == metric_type::histogram ? "histogram" : "metric";
                throw registration_error{asked.name, "and " + std::string{type} + " '" + other->name() +
                                                         "' would both be '" + taken +
                                                         "' in Prometheus' formats or in OpenMetrics"};
            }
        }
    }

    /// The family that takes a name for itself or for its samples; null if there is none.
    family const* taker_of(std::string const& name) const {
        if (family const* const found = find_family(name)) {
            return found;
        }
        for (metric_type const type : {metric_type::counter, metric_type::histogram}) {
            for (std::string_view const suffix : suffixes_of(type)) {
                if (!name.ends_with(suffix)) {
                    continue;
                }
                std::string_view const stem = std::string_view{name}.substr(0, name.size() - suffix.size());
                bool const is_counter = type == metric_type::counter;
                family const* const found = find_family(std::string{stem}.append(is_counter ? "_total" : ""));
                if (found != nullptr && found->type() == type) {
                    return found;
                }
            }
        }
        return nullptr;
    }

    template<class Sink>
    void gather(gather_options const& how, Sink sink) {
        std::lock_guard const alone{gather_mutex_};
        {
            std::lock_guard const hold{mutex_};
            gathered_.clear();
            for (auto const& each : families_) {
                gathered_.push_back(each.get());
            }
        }
        for (family* const each : gathered_) {
            copy(*each, how);
            family_points const points = gatherer_.finish(*each);
            if (!points.points.empty()) {
                sink(points, gatherer_.quantiles());
            }
        }
    }

    void copy(family& from, gather_options const& how) {
        std::lock_guard const hold{mutex_};
        gatherer_.copy(from, how);
        for (std::uint32_t const number : gatherer_.over()) {
            remove(from, number);
        }
    }

    static void measure(family_points const& of, std::span<recent_quantiles const> quantiles, measurement_sink sink) {
        for (std::size_t i = 0; i < of.points.size(); ++i) {
            point const& each = of.points[i];
            if (each.histogram != nullptr) {
                measure_histogram(of, each, quantiles[i], sink);
            } else {
                bool const is_counter = of.type == metric_type::counter;
                auto const kind = is_counter ? measurement_kind::counter : measurement_kind::gauge;
                sink({of.name, kind, of.unit, each.number.value, each.labels, of.help});
            }
        }
    }

    static void measure_histogram(family_points const& of, point const& each, recent_quantiles const& quantiles,
                                  measurement_sink sink) {
        auto const report = [&](std::string_view suffix, measurement_kind kind, unit unit, double value) {
            sink({std::string{of.name}.append(suffix), kind, unit, value, each.labels, of.help});
        };
        report("_count", measurement_kind::counter, unit::none, static_cast<double>(each.histogram->count));
        report("_sum", measurement_kind::counter, of.unit, each.histogram->sum);
        report("_p50", measurement_kind::gauge, of.unit, quantiles.p50);
        report("_p95", measurement_kind::gauge, of.unit, quantiles.p95);
        report("_p99", measurement_kind::gauge, of.unit, quantiles.p99);
    }

    registry_setup setup_;
    std::unique_ptr<cell_store, closing> cells_;
    registry_link link_;
    mutable std::mutex mutex_;
    family_list families_; // by name; never removed

    std::mutex gather_mutex_;
    gatherer gatherer_;
    std::vector<family*> gathered_;

    // The registry's own series, among the others.
    series_ref rejected_;
    series_ref overflows_;
    series_ref series_;
};

inline void registry_core::resolve_callback(family& of, label_values values, std::shared_ptr<callback_cell> cell) {
    if (!are_readable(values)) {
        return resolve_callback(of, readable_values{values}.values(), std::move(cell));
    }
    std::lock_guard const hold{mutex_};
    if (series_ref const found = of.find(values); found.at != nullptr) {
        series_extra const& extra = *found.at->extra.load(std::memory_order_acquire);
        if (extra.callback == nullptr) {
            throw registration_error{of.name(), "a gauge and a callback gauge cannot have the same labels"};
        }
        if (extra.callback->is_attached()) {
            throw registration_error{of.name(), "another callback gauge has these labels"};
        }
        remove(of, of.number_of(found));
    }
    if (of.overflow() != 0) {
        throw registration_error{of.name(), "another callback gauge has these labels, as all new ones have in a full "
                                            "family"};
    }
    insert(of, values, 0, std::move(cell));
}

} // namespace orfeas::inline v0::metrics::detail
