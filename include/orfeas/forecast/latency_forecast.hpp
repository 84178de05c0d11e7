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

/// How a latency to come stands to a limit.
enum class latency_rating : std::uint8_t {
    within,    ///< the whole band is below it
    at_risk,   ///< the band reaches it
    exceeding, ///< the point is above it
};

constexpr std::string_view to_string(latency_rating rating) noexcept {
    constexpr std::array<std::string_view, 3> names{"within", "at_risk", "exceeding"};
    return names[static_cast<std::size_t>(rating)];
}

/// What a latency will be, and how that stands to a limit.
struct latency_outlook {
    prediction expected{};
    latency_rating rating = latency_rating::within;
    double limit = 0;
};

/// Says what a latency will be: a seasonal_forecaster on the log scale, on which twice is as far as a half, and whose band
/// stays above 0. Thread-compatible (distinct objects).
class latency_forecast : public detail::scaled_forecast<latency_forecast> {
  public:
    static constexpr state_kind kind{"latency_forecast", 1};

    /// The scale of the options is overruled. Throws option_error.
    explicit latency_forecast(seasonal_options options = {}) : scaled_forecast{std::move(options), "log"} {}

    /// The forecast beside a limit in the same unit.
    std::optional<latency_outlook> outlook(std::chrono::nanoseconds horizon, double limit) const noexcept {
        auto const expected = forecast(horizon);
        if (!expected) {
            return std::nullopt;
        }
        auto const rating = expected->point > limit  ? latency_rating::exceeding
                            : expected->high < limit ? latency_rating::within
                                                     : latency_rating::at_risk;
        return latency_outlook{*expected, rating, limit};
    }
};
static_assert(forecaster<latency_forecast>);

} // namespace orfeas::inline v0::forecast
