// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/counter.hpp>
#include <orfeas/stats/histogram.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace orfeas::inline v0::metrics {

namespace detail {

/// The cells behind a histogram: those of `stats::histogram`, made atomic.
class histogram_cell {
  public:
    histogram_cell(stats::bucket_layout layout, counter_cell const& rejections)
        : layout_{layout}, counts_(layout.size()), rejected_{rejections} {}

    void observe(double value) noexcept {
        if (!is_finite(value)) {
            rejected_.reject();
            return;
        }
        counts_[layout_.cell_of(value)].fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(value, std::memory_order_relaxed);
    }

    stats::histogram snapshot() const {
        double const sum = sum_.load(std::memory_order_relaxed);
        std::vector<std::uint64_t> counts;
        counts.reserve(counts_.size());
        for (auto const& count : counts_) {
            counts.push_back(count.load(std::memory_order_relaxed));
        }
        return {layout_, std::move(counts), sum};
    }

    /// All values, and those since a moment between half a window and a whole window ago, when asked at least twice a
    /// window; else those since one of the last two times that it was asked.
    struct reading {
        stats::histogram total;
        stats::histogram recent;
    };
    reading read(monotonic_time now, std::chrono::nanoseconds window) {
        std::lock_guard const hold{read_mutex_};
        stats::histogram const total = snapshot();
        stats::histogram recent = total;
        if (former_.size() == 2) {
            recent.subtract(former_.front());
        }
        if (former_.empty() || now - newest_at_ >= window / 2) {
            if (former_.size() == 2) {
                former_.front() = std::move(former_.back());
                former_.pop_back();
            }
            former_.push_back(total);
            newest_at_ = now;
        }
        return {total, std::move(recent)};
    }

    stats::bucket_layout const& layout() const noexcept { return layout_; }

  private:
    stats::bucket_layout layout_;
    std::vector<std::atomic<std::uint64_t>> counts_;
    std::atomic<double> sum_{0};
    counter_cell const& rejected_;

    std::mutex read_mutex_;
    std::vector<stats::histogram> former_; // at most two, the older first
    monotonic_time newest_at_{};           // when the last of them was taken
};

} // namespace detail

/// The distribution of values: durations, sizes. A light handle that can be copied; the registry that made it outlives it.
/// Thread-safe: lock-free.
class histogram {
  public:
    /// Made by a registry.
    explicit histogram(detail::histogram_cell& cell) noexcept : cell_{&cell} {}

    /// Counts a value; one that is not finite changes nothing and is counted in `metrics_rejected_updates_total`.
    void observe(double value) noexcept { cell_->observe(value); }

    /// The same for a duration, in seconds.
    void observe(std::chrono::nanoseconds value) noexcept { observe(std::chrono::duration<double>{value}.count()); }

    /// The values so far; the difference of two snapshots is what came between them. Linear in the cells.
    stats::histogram snapshot() const { return cell_->snapshot(); }

  private:
    detail::histogram_cell* cell_;
};

} // namespace orfeas::inline v0::metrics
