// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/seasonal_forecaster.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
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
class hit_ratio_forecast {
  public:
    static constexpr state_kind kind{"hit_ratio_forecast", 1};

    /// The scale of the options is overruled. Throws option_error.
    explicit hit_ratio_forecast(seasonal_options options = {}) : inner_{on_logit(std::move(options))} {}

    seasonal_options const& options() const noexcept { return inner_.options(); }

    void update(std::chrono::nanoseconds time, double hit_ratio) noexcept { inner_.update(time, hit_ratio); }
    bool warm() const noexcept { return inner_.warm(); }

    std::optional<prediction> forecast(std::chrono::nanoseconds horizon) const noexcept {
        return inner_.forecast(horizon);
    }

    /// The forecast with its rating.
    std::optional<cache_outlook> outlook(std::chrono::nanoseconds horizon) const noexcept {
        auto const expected = forecast(horizon);
        if (!expected) {
            return std::nullopt;
        }
        auto const rating = rating_of(expected->point);
        return cache_outlook{*expected, rating, rating == cache_rating::poor};
    }

    /// Forgets all but the options. Allocates.
    void reset() { inner_.reset(); }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options()), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options()), *this); }

    static void state(auto& self, auto&& io) { io(self.inner_); }
    bool valid() const noexcept { return inner_.valid(); }

  private:
    static seasonal_options on_logit(seasonal_options options) {
        options.scale = "logit";
        return options;
    }

    seasonal_forecaster inner_;
};
static_assert(forecaster<hit_ratio_forecast>);

} // namespace orfeas::inline v0::forecast
