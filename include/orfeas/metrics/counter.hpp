// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/metrics/detail/series.hpp>
#include <orfeas/metrics/points.hpp>

#include <concepts>
#include <cstdint>
#include <utility>

namespace orfeas::inline v0::metrics {

/// A number that only grows: requests, bytes sent, seconds spent. A light handle that can be copied; the registry that
/// made it outlives it. Once its series has been removed, updates change nothing and are counted as rejected.
/// Thread-safe: lock-free but for the first addition of all that is not a whole number; each thread counts for itself.
class counter {
  public:
    /// Made by a registry.
    explicit counter(detail::series_ref series) noexcept : series_{series} {}

    void add() noexcept { add(1U); }

    /// Adds a whole number; one that is negative changes nothing and is counted in `metrics_rejected_updates_total`.
    template<std::integral N>
    void add(N n) noexcept {
        if (!is_addend(n)) [[unlikely]] {
            detail::reject(*series_.at);
            return;
        }
        detail::count(*series_.at, series_.generation, static_cast<std::uint64_t>(n));
    }

    /// Adds any number; one that is negative or not finite changes nothing and is counted.
    template<std::floating_point X>
    void add(X x) noexcept {
        if (!is_addend(x)) [[unlikely]] {
            detail::reject(*series_.at);
            return;
        }
        detail::count_real(*series_.at, series_.generation, static_cast<double>(x));
    }

    /// The same in the trace that `ids` names: an exemplar of this counter, if it wants one. After each scrape it wants one.
    template<class N>
        requires std::integral<N> || std::floating_point<N>
    void add(N n, exemplar_ids const& ids) noexcept {
        if (is_addend(n)) {
            detail::keep_named_exemplar(series_, 0, 1, static_cast<double>(n), ids);
        }
        add(n);
    }

    /// The sum over all threads; 0 once the series has been removed. Linear in the threads.
    double value() const noexcept { return detail::value_of(series_, false).value; }

    /// False once the series has been removed; asking the registry again makes another.
    bool is_current() const noexcept { return series_.is_current(); }

  private:
    template<std::integral N>
    static bool is_addend(N n) noexcept {
        return !std::cmp_less(n, 0);
    }
    template<std::floating_point X>
    static bool is_addend(X x) noexcept {
        auto const value = static_cast<double>(x);
        return value >= 0 && is_finite(value);
    }

    detail::series_ref series_;
};

} // namespace orfeas::inline v0::metrics
