// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/counter.hpp>

#include <atomic>

namespace orfeas::inline v0::metrics {

namespace detail {

/// The number behind a gauge.
struct alignas(64) gauge_cell {
    explicit gauge_cell(counter_cell const& rejections) noexcept : rejected{rejections} {}

    double value() const noexcept { return level.load(std::memory_order_relaxed); }

    std::atomic<double> level{0};
    counter_cell const& rejected;
};

} // namespace detail

/// A number that goes up and down: a queue's depth, a temperature. A light handle that can be copied; the registry that
/// made it outlives it.
/// Thread-safe: lock-free.
class gauge {
  public:
    /// Made by a registry.
    explicit gauge(detail::gauge_cell& cell) noexcept : cell_{&cell} {}

    /// Any value; NaN says that there is none at present.
    void set(double value) noexcept { cell_->level.store(value, std::memory_order_relaxed); }

    /// Adds a number; one that is not finite, and would stick for ever, changes nothing and is counted in
    /// `metrics_rejected_updates_total`.
    void add(double change) noexcept {
        if (!is_finite(change)) {
            cell_->rejected.reject();
            return;
        }
        cell_->level.fetch_add(change, std::memory_order_relaxed);
    }
    void sub(double change) noexcept { add(-change); }

    double value() const noexcept { return cell_->value(); }

  private:
    detail::gauge_cell* cell_;
};

} // namespace orfeas::inline v0::metrics
