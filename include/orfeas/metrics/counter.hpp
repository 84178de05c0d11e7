// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <utility>

namespace orfeas::inline v0::metrics {

namespace detail {

/// The number behind a counter. Whole steps, by far the most, are one atomic addition.
struct alignas(64) counter_cell {
    explicit counter_cell(counter_cell* rejections) noexcept : rejected{rejections} {}

    double value() const noexcept {
        return static_cast<double>(whole.load(std::memory_order_relaxed)) + fraction.load(std::memory_order_relaxed);
    }
    void reject() const noexcept { rejected->whole.fetch_add(1, std::memory_order_relaxed); }

    std::atomic<std::uint64_t> whole{0};
    std::atomic<double> fraction{0};
    counter_cell* rejected; ///< counts the updates that were refused
};

} // namespace detail

/// A number that only grows: requests, bytes sent, seconds spent. A light handle that can be copied; the registry that
/// made it outlives it.
/// Thread-safe: lock-free.
class counter {
  public:
    /// Made by a registry.
    explicit counter(detail::counter_cell& cell) noexcept : cell_{&cell} {}

    void add() noexcept { add(1U); }

    /// Adds a whole number; one that is negative changes nothing and is counted in `metrics_rejected_updates_total`.
    template<std::integral N>
    void add(N n) noexcept {
        if (std::cmp_less(n, 0)) {
            cell_->reject();
            return;
        }
        cell_->whole.fetch_add(static_cast<std::uint64_t>(n), std::memory_order_relaxed);
    }

    /// Adds any number; one that is negative or not finite changes nothing and is counted.
    template<std::floating_point X>
    void add(X x) noexcept {
        if (!(x >= 0) || !is_finite(static_cast<double>(x))) {
            cell_->reject();
            return;
        }
        cell_->fraction.fetch_add(static_cast<double>(x), std::memory_order_relaxed);
    }

    double value() const noexcept { return cell_->value(); }

  private:
    detail::counter_cell* cell_;
};

} // namespace orfeas::inline v0::metrics
