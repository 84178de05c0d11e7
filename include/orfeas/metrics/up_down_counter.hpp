// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/detail/series.hpp>

#include <concepts>
#include <cstdint>

namespace orfeas::inline v0::metrics {

/// A total that goes up and down: requests under way, bytes in use. Where a gauge is set, this is added to and taken from,
/// so each thread counts for itself. Whole numbers are exact modulo 2^64. A light handle that can be copied; the registry
/// that made it outlives it. Once its series has been removed, updates change nothing and are counted as rejected.
/// Thread-safe: lock-free but for the first addition of all that is not a whole number.
class up_down_counter {
  public:
    /// Made by a registry.
    explicit up_down_counter(detail::series_ref series) noexcept : series_{series} {}

    void add() noexcept { add(1); }
    void sub() noexcept { sub(1); }

    /// Adds a whole number, negative ones too.
    template<std::integral N>
    void add(N n) noexcept {
        change(static_cast<std::uint64_t>(n));
    }
    template<std::integral N>
    void sub(N n) noexcept {
        change(0 - static_cast<std::uint64_t>(n));
    }

    /// Adds any number; one that is not finite changes nothing and is counted in `metrics_rejected_updates_total`.
    template<std::floating_point X>
    void add(X x) noexcept {
        if (!is_finite(static_cast<double>(x))) [[unlikely]] {
            detail::reject(*series_.at);
            return;
        }
        detail::count_real(*series_.at, series_.generation, static_cast<double>(x));
    }
    template<std::floating_point X>
    void sub(X x) noexcept {
        add(-x);
    }

    /// The sum over all threads; 0 once the series has been removed. Linear in the threads.
    double value() const noexcept { return detail::value_of(series_, true).value; }

    /// False once the series has been removed; asking the registry again makes another.
    bool is_current() const noexcept { return series_.is_current(); }

  private:
    void change(std::uint64_t by) noexcept { detail::count(*series_.at, series_.generation, by); }

    detail::series_ref series_;
};

} // namespace orfeas::inline v0::metrics
