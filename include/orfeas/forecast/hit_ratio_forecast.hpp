// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/detail/scaled_forecast.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/seasonal_forecaster.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::forecast {

/// How good a cache's hit ratio is: above 0.8 good, above 0.5 fair, else poor.
enum class cache_rating : std::uint8_t { good, fair, poor };

constexpr std::string_view to_string(cache_rating rating) noexcept {
    constexpr std::array<std::string_view, 3> names{"good", "fair", "poor"};
    return names[static_cast<std::size_t>(rating)];
}

constexpr cache_rating rating_of(double hit_ratio) noexcept {
    return hit_ratio > 0.8 ? cache_rating::good : hit_ratio > 0.5 ? cache_rating::fair : cache_rating::poor;
}

/// What a cache's hit ratio will be, and what that is worth.
struct cache_outlook {
    prediction expected{};
    cache_rating rating = cache_rating::poor; ///< of the point
    bool enlarge_advised = false;             ///< it will be poor: a larger cache, or a better key, is worth trying
};

/// Says what a cache's hit ratio will be: a seasonal_forecaster on the logit scale, on which 0.99 and 0.98 are as far apart as
/// 0.5 and 0.33, and whose band stays within [0, 1]. Thread-compatible (distinct objects).
class hit_ratio_forecast : public detail::scaled_forecast<hit_ratio_forecast> {
  public:
    static constexpr state_kind kind{"hit_ratio_forecast", 1};

    /// The scale of the options is overruled. Throws option_error.
    explicit hit_ratio_forecast(seasonal_options options = {}) : scaled_forecast{std::move(options), "logit"} {}

    /// The forecast with its rating.
    std::optional<cache_outlook> outlook(std::chrono::nanoseconds horizon) const noexcept {
        auto const expected = forecast(horizon);
        if (!expected) {
            return std::nullopt;
        }
        auto const rating = rating_of(expected->point);
        return cache_outlook{*expected, rating, rating == cache_rating::poor};
    }
};
static_assert(forecaster<hit_ratio_forecast>);

} // namespace orfeas::inline v0::forecast
