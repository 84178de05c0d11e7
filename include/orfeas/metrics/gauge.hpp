// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/detail/series.hpp>

#include <atomic>

namespace orfeas::inline v0::metrics {

/// A number that goes up and down: a queue's depth, a temperature. A light handle that can be copied; the registry that
/// made it outlives it. Once its series has been removed, updates change nothing and are counted as rejected.
/// Thread-safe: lock-free.
class gauge {
  public:
    /// Made by a registry.
    gauge(detail::series_ref series, detail::gauge_level& level) noexcept : series_{series}, level_{&level} {}

    /// Any value; NaN says that there is none at present.
    void set(double value) noexcept {
        if (!series_.is_current()) [[unlikely]] {
            detail::reject(*series_.at);
            return;
        }
        level_->value.store(value, std::memory_order_relaxed);
    }

    /// Adds a number; one that is not finite, and would stick for ever, changes nothing and is counted in
    /// `metrics_rejected_updates_total`. One atomic addition: where many threads add, use an up-down counter.
    void add(double change) noexcept {
        if (!is_finite(change) || !series_.is_current()) [[unlikely]] {
            detail::reject(*series_.at);
            return;
        }
        level_->value.fetch_add(change, std::memory_order_relaxed);
    }
    void sub(double change) noexcept { add(-change); }

    /// What it was set to last; that stays when the series has been removed.
    double value() const noexcept { return level_->value.load(std::memory_order_relaxed); }

    /// False once the series has been removed; asking the registry again makes another.
    bool is_current() const noexcept { return series_.is_current(); }

  private:
    detail::series_ref series_;
    detail::gauge_level* level_;
};

} // namespace orfeas::inline v0::metrics
