// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/detail/family.hpp>
#include <orfeas/metrics/detail/series.hpp>
#include <orfeas/metrics/names.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/stats/histogram.hpp>

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::metrics::detail {

/// How a family is gathered.
struct gather_options {
    monotonic_time now{};
    std::chrono::nanoseconds idle_series{0};     ///< zero: series stay
    std::chrono::nanoseconds quantile_window{0}; ///< zero: without quantiles
};

/// The median and two more quantiles of about the last while.
struct recent_quantiles {
    double p50;
    double p95;
    double p99;
};

/// Copies one family after the other into memory that it reuses: first under the locks what the threads have counted, then
/// without them what callbacks say, so that a callback and who receives the points may use the registry.
/// Thread-compatible (distinct objects).
class gatherer {
  public:
    /// Copies the live series and collects the places of those that are to be removed. The registry's lock is held.
    void copy(family const& from, gather_options const& how) {
        clear();
        auto const held = from.cells().hold();
        for (std::uint32_t const number : from.sorted()) {
            series& each = from.at(number);
            if (is_over(from, each, how)) {
                over_.push_back(number);
            } else {
                copy(from, each, how);
            }
        }
    }

    std::span<std::uint32_t const> over() const noexcept { return over_; }

    /// The family as it was copied, with what its callbacks say now. Without the registry's lock.
    family_points finish(family const& from) {
        place_views(from);
        ask_callbacks();
        return {from.name(), from.help(), from.type(), unit_of_name(from.name()), points_};
    }

    /// One for each point of a histogram, if asked for.
    std::span<recent_quantiles const> quantiles() const noexcept { return quantiles_; }

  private:
    static constexpr std::size_t most_buckets = 160; ///< as OpenTelemetry's SDKs have it
    static constexpr std::size_t none = ~std::size_t{0};

    /// A part of a vector that is still growing.
    struct part {
        std::size_t first;
        std::size_t size;
    };

    void clear() noexcept {
        points_.clear();
        labels_.clear();
        label_parts_.clear();
        text_.clear();
        histograms_.clear();
        histogram_parts_.clear();
        counts_.clear();
        buckets_.clear();
        bucket_examples_.clear();
        exemplars_.clear();
        point_examples_.clear();
        callbacks_.clear();
        quantiles_.clear();
        over_.clear();
    }

    /// A callback gauge whose handle is gone, or a series without updates for too long.
    bool is_over(family const& from, series& each, gather_options const& how) {
        series_extra const* const extra = each.extra.load(std::memory_order_acquire);
        if (extra != nullptr && extra->callback != nullptr) {
            return !extra->callback->is_attached();
        }
        if (how.idle_series.count() == 0 || from.is_own()) {
            return false;
        }
        series_extra& seen = each.provide_extra();
        std::uint64_t const state = state_of(from, each);
        if (seen.last_change == monotonic_time{} || seen.last_seen != state) {
            seen.last_change = how.now;
            seen.last_seen = state;
            return false;
        }
        return how.now - seen.last_change >= how.idle_series;
    }

    /// What changes with each update but one that sets a gauge to what it was.
    std::uint64_t state_of(family const& from, series& each) {
        if (from.type() == metric_type::histogram) {
            read_cells(from, each);
            std::uint64_t count = 0;
            for (std::uint64_t const in_cell : cells_) {
                count += in_cell;
            }
            return count;
        }
        if (from.type() == metric_type::gauge) {
            return std::bit_cast<std::uint64_t>(level_of(each));
        }
        number const sum = sum_of(each, false);
        return mix64(static_cast<std::uint64_t>(sum.whole)) ^ std::bit_cast<std::uint64_t>(sum.value);
    }

    static double level_of(series& each) noexcept {
        series_extra const& extra = *each.extra.load(std::memory_order_acquire);
        return extra.level.load(std::memory_order_acquire)->value.load(std::memory_order_relaxed);
    }

    void copy(family const& from, series& each, gather_options const& how) {
        stored_values values{each.key.load(std::memory_order_relaxed)};
        for (std::string const& name : from.label_names()) {
            std::string_view const value = values.next();
            label_parts_.push_back({text_.size(), value.size()});
            labels_.push_back({name, {}});
            text_.append(value);
        }
        point made{};
        made.start = each.created();
        std::size_t example = none;
        if (from.type() == metric_type::histogram) {
            copy_histogram(from, each, how);
        } else if (from.type() != metric_type::gauge) {
            made.number = sum_of(each, from.type() == metric_type::up_down_counter);
            example = copy_example(each, 0);
        } else if (auto const& callback = each.extra.load(std::memory_order_acquire)->callback) {
            callbacks_.push_back({points_.size(), callback});
        } else {
            made.number.value = level_of(each);
        }
        points_.push_back(made);
        point_examples_.push_back(example);
        arm(each);
    }

    std::size_t copy_example(series const& each, std::size_t group) {
        series_extra const* const extra = each.extra.load(std::memory_order_acquire);
        exemplar_slot const* const slots =
            extra == nullptr ? nullptr : extra->exemplars.load(std::memory_order_acquire);
        if (slots == nullptr) {
            return none;
        }
        auto const found = slots[group].read(each.generation());
        if (!found) {
            return none;
        }
        exemplars_.push_back(*found);
        return exemplars_.size() - 1;
    }

    double read_cells(family const& from, series const& each) {
        cells_.assign(from.shape().layout.size(), 0);
        return each.cells->array_of_threads(each.cell, cells_);
    }

    void copy_histogram(family const& from, series& each, gather_options const& how) {
        stats::bucket_layout const& layout = from.shape().layout;
        histogram_value made{};
        made.sum = read_cells(from, each);
        made.zero_threshold = layout.lowest();
        made.zero_count = cells_[0];
        part const buckets = copy_classic(from, each);
        made.count = buckets_.back().cumulative;
        part const counts = copy_exponential(layout, made);
        histograms_.push_back(made);
        histogram_parts_.push_back({counts, buckets});
        if (how.quantile_window.count() != 0) {
            quantiles_.push_back(quantiles_of(each, layout, made.sum, how));
        }
    }

    /// Buckets at powers of two, whose counts are exact.
    part copy_classic(family const& from, series const& each) {
        histogram_shape const& shape = from.shape();
        part const made{buckets_.size(), shape.layout.octave_count() + 2};
        std::size_t const step = shape.layout.buckets().buckets_per_octave();
        std::uint64_t cumulative = 0;
        for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
            cumulative += cells_[cell];
            if (cell % step == 0 || cell + 1 == cells_.size()) {
                std::size_t const bucket = buckets_.size() - made.first;
                buckets_.push_back({shape.layout.upper_bound(cell), shape.bound(bucket), cumulative, nullptr});
                bucket_examples_.push_back(none);
            }
        }
        for (std::uint32_t group = 0; group < shape.groups(); ++group) {
            place_example(made, group, copy_example(each, group));
        }
        return made;
    }

    /// The last group is that of several buckets where there are many.
    void place_example(part const& buckets, std::size_t group, std::size_t example) noexcept {
        if (example == none) {
            return;
        }
        std::size_t at = buckets.first + group;
        while (buckets_[at].upper_bound < exemplars_[example].value) {
            ++at;
        }
        bucket_examples_[at] = example;
    }

    /// What lies between the first and the last bucket that is not empty, in buckets so wide that they are few.
    part copy_exponential(stats::bucket_layout const& layout, histogram_value& made) {
        std::size_t first = 1;
        std::size_t last = cells_.size() - 1;
        while (first <= last && cells_[first] == 0) {
            ++first;
        }
        while (last > first && cells_[last] == 0) {
            --last;
        }
        made.schema = layout.buckets().schema();
        if (first > last) {
            return {counts_.size(), 0};
        }
        int coarser = 0;
        auto const index_of = [&](std::size_t cell) { // a shift rounds down, the number of a bucket rounds up
            return static_cast<std::int32_t>(((layout.index_of(cell) - 1) >> coarser) + 1);
        };
        while (index_of(last) - index_of(first) >= static_cast<std::int32_t>(most_buckets)) {
            ++coarser;
        }
        made.schema -= coarser;
        made.offset = index_of(first);
        part const counts{counts_.size(), static_cast<std::size_t>(index_of(last) - made.offset) + 1};
        counts_.resize(counts.first + counts.size, 0);
        for (std::size_t cell = first; cell <= last; ++cell) {
            counts_[counts.first + static_cast<std::size_t>(index_of(cell) - made.offset)] += cells_[cell];
        }
        return counts;
    }

    /// Of the values since a moment between half a window and a whole window ago, when asked at least twice a window; else
    /// since one of the last two times that it was asked.
    recent_quantiles quantiles_of(series& each, stats::bucket_layout const& layout, double sum,
                                  gather_options const& how) {
        auto& held = each.provide_extra().recent;
        if (held == nullptr) {
            held = std::make_unique<recent_values>();
        }
        stats::histogram const total{layout, cells_, sum};
        stats::histogram recent = total;
        auto& former = held->former;
        if (former.size() == 2) {
            recent.subtract(former.front());
        }
        if (former.empty() || how.now - held->newest_at >= how.quantile_window / 2) {
            if (former.size() == 2) {
                former.front() = std::move(former.back());
                former.pop_back();
            }
            former.push_back(total);
            held->newest_at = how.now;
        }
        return {recent.quantile(0.50), recent.quantile(0.95), recent.quantile(0.99)};
    }

    /// Now that nothing grows any more.
    void place_views(family const& from) noexcept {
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            labels_[i].value = std::string_view{text_}.substr(label_parts_[i].first, label_parts_[i].size);
        }
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            buckets_[i].example = bucket_examples_[i] == none ? nullptr : &exemplars_[bucket_examples_[i]];
        }
        for (std::size_t i = 0; i < histograms_.size(); ++i) {
            auto const& [counts, buckets] = histogram_parts_[i];
            histograms_[i].counts = std::span{counts_}.subspan(counts.first, counts.size);
            histograms_[i].buckets = std::span{buckets_}.subspan(buckets.first, buckets.size);
        }
        std::size_t const width = from.label_names().size();
        for (std::size_t i = 0; i < points_.size(); ++i) {
            points_[i].labels = std::span{labels_}.subspan(i * width, width);
            points_[i].example = point_examples_[i] == none ? nullptr : &exemplars_[point_examples_[i]];
            points_[i].histogram = histograms_.empty() ? nullptr : &histograms_[i];
        }
    }

    /// A gauge that has gone since it was copied is left out.
    void ask_callbacks() {
        std::size_t gone = 0;
        for (auto const& [index, callback] : callbacks_) {
            if (auto const value = callback->value()) {
                points_[index].number.value = *value;
            } else {
                points_[index].start = wall_time::max();
                ++gone;
            }
        }
        if (gone != 0) {
            std::erase_if(points_, [](point const& each) { return each.start == wall_time::max(); });
        }
        callbacks_.clear(); // keeps none alive until the next time
    }

    struct asked_callback {
        std::size_t point;
        std::shared_ptr<callback_cell> cell;
    };
    struct histogram_part {
        part counts;
        part buckets;
    };

    std::vector<point> points_;
    std::vector<label> labels_;
    std::vector<part> label_parts_; // where their values stand in the text
    std::string text_;
    std::vector<histogram_value> histograms_;
    std::vector<histogram_part> histogram_parts_;
    std::vector<std::uint64_t> counts_;
    std::vector<std::uint64_t> cells_; // of the histogram that is being copied
    std::vector<classic_bucket> buckets_;
    std::vector<std::size_t> bucket_examples_;
    std::vector<exemplar> exemplars_;
    std::vector<std::size_t> point_examples_;
    std::vector<asked_callback> callbacks_;
    std::vector<recent_quantiles> quantiles_;
    std::vector<std::uint32_t> over_;
};

} // namespace orfeas::inline v0::metrics::detail
