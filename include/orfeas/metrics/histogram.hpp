// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/detail/series.hpp>
#include <orfeas/metrics/detail/text_format.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/stats/bucket_layout.hpp>
#include <orfeas/stats/histogram.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::metrics {

namespace detail {

/// What all histograms of a family have in common.
struct histogram_shape {
    explicit histogram_shape(stats::bucket_layout cells) : layout{cells}, array_size_{cells.size() + 1} {}

    /// The bounds of the classic buckets as text. Before that nobody asks for `bound`.
    void write_bounds() {
        std::size_t const step = layout.buckets().buckets_per_octave();
        for (std::size_t cell = 0; cell < layout.size() - 1; cell += step) {
            append_number(bounds_, layout.upper_bound(cell));
            ends_.push_back(bounds_.size());
        }
        append_number(bounds_, layout.upper_bound(layout.size() - 1));
        ends_.push_back(bounds_.size());
    }
    std::string_view bound(std::size_t bucket) const noexcept {
        std::size_t const start = bucket == 0 ? 0 : ends_[bucket - 1];
        return std::string_view{bounds_}.substr(start, ends_[bucket] - start);
    }

    std::size_t array_size() const noexcept { return array_size_; } ///< with the sum

    /// The classic buckets, each of which has an exemplar; those beyond 64 share one.
    std::uint32_t groups() const noexcept {
        std::size_t const buckets = layout.octave_count() + 2;
        return buckets < 64 ? static_cast<std::uint32_t>(buckets) : 64;
    }
    std::uint32_t group_of(std::size_t cell) const noexcept {
        std::size_t const octave = (cell + layout.buckets().buckets_per_octave() - 1) >> layout.buckets().schema();
        return octave < 63 ? static_cast<std::uint32_t>(octave) : 63;
    }

    stats::bucket_layout layout;

  private:
    std::size_t array_size_;
    std::string bounds_;
    std::vector<std::size_t> ends_;
};

inline void observe_in(thread_cell* array, std::size_t at, double value) noexcept {
    add_whole(array[at + 1], 1);
    add_real(array[0], value);
}

/// The slow way, for a thread's first value, one outside the range, and where exemplars are wanted; counts it as rejected if
/// it is not finite, the series is gone, or without memory.
[[gnu::noinline]] inline void observe_slowly(series& to, std::uint64_t generation, histogram_shape const& shape,
                                             double value) noexcept {
    if (!is_finite(value)) {
        return reject(to);
    }
    series_ref const ref{&to, generation};
    std::size_t const size = shape.array_size();
    std::size_t const at = shape.layout.cell_of(value);
    thread_cell* const holder = own_cell(ref, to.cell);
    if (thread_cell* const array = holder != nullptr ? array_of(*holder) : nullptr) {
        observe_in(array, at, value);
        ask_for_exemplar(ref, shape.group_of(at), shape.groups(), value);
        return;
    }
    bool has_memory = true;
    bool const is_there = to.cells->use(
        to.cell, [&] { return ref.is_valid(); },
        [&](thread_cell& own) {
            thread_cell* const made = cell_store::own_array(own, size);
            has_memory = made != nullptr;
            if (has_memory) {
                observe_in(made, at, value);
            }
        },
        [&](thread_cell& shared) {
            thread_cell* const made = cell_store::shared_array(shared, size);
            has_memory = made != nullptr;
            if (has_memory) {
                share_whole(made[at + 1], 1);
                share_real(made[0], value);
            }
        });
    if (!is_there || !has_memory) {
        reject(to);
    } else {
        ask_for_exemplar(ref, shape.group_of(at), shape.groups(), value);
    }
}

/// Counts a value; one that is not finite is rejected.
inline void observe(series& to, std::uint64_t generation, histogram_shape const& shape, double value) noexcept {
    std::size_t const at = shape.layout.inner_cell_of(value); // the others are rare, and some of them not finite
    thread_cell* const holder = cell_of_this_thread(to.cells, to.offset, to.cell);
    thread_cell* const array = holder != nullptr ? array_of(*holder) : nullptr;
    if (array == nullptr || at == shape.layout.no_cell) [[unlikely]] {
        return observe_slowly(to, generation, shape, value);
    }
    // the state after the cell, see cell_store
    std::uint64_t const state = to.state.load(std::memory_order_relaxed);
    if (state != generation && (state != (generation | series::armed_flag) || wants_exemplar(to, shape.group_of(at)))) {
        return observe_slowly(to, generation, shape, value);
    }
    observe_in(array, at, value);
}

/// The values of a histogram so far; none once it has been removed.
inline stats::histogram values_of(series_ref of, stats::bucket_layout const& layout) {
    std::vector<std::uint64_t> counts(layout.size());
    double sum = 0;
    if (auto const held = of.at->cells->hold(); of.is_current()) {
        sum = of.at->cells->array_of_threads(of.at->cell, counts);
    }
    return {layout, std::move(counts), sum};
}

} // namespace detail

/// The distribution of values: durations, sizes. A light handle that can be copied; the registry that made it outlives it.
/// Once its series has been removed, updates change nothing and are counted as rejected.
/// Thread-safe: lock-free; each thread counts for itself, in memory of its own from its first value on (8 bytes a cell).
class histogram {
  public:
    /// Made by a registry.
    histogram(detail::series_ref series, detail::histogram_shape const& shape) noexcept
        : series_{series}, shape_{&shape} {}

    /// Counts a value; one that is not finite changes nothing and is counted in `metrics_rejected_updates_total`.
    void observe(double value) noexcept { detail::observe(*series_.at, series_.generation, *shape_, value); }

    /// The same in the trace that `ids` names: an exemplar of its bucket, if that wants one. After each scrape it wants one.
    void observe(double value, exemplar_ids const& ids) noexcept {
        if (is_finite(value)) {
            std::size_t const at = shape_->layout.cell_of(value);
            detail::keep_named_exemplar(series_, shape_->group_of(at), shape_->groups(), value, ids);
        }
        observe(value);
    }

    /// The same for a duration, in seconds.
    void observe(std::chrono::nanoseconds value) noexcept { observe(seconds_of(value)); }
    void observe(std::chrono::nanoseconds value, exemplar_ids const& ids) noexcept { observe(seconds_of(value), ids); }

    /// The values so far; the difference of two snapshots is what came between them. Once the series has been removed there
    /// are none: ask `is_current` before taking a former snapshot away. Linear in the cells and threads.
    stats::histogram snapshot() const { return detail::values_of(series_, shape_->layout); }

    /// False once the series has been removed; asking the registry again makes another.
    bool is_current() const noexcept { return series_.is_current(); }

  private:
    static double seconds_of(std::chrono::nanoseconds value) noexcept {
        return std::chrono::duration<double>{value}.count();
    }

    detail::series_ref series_;
    detail::histogram_shape const* shape_;
};

} // namespace orfeas::inline v0::metrics
