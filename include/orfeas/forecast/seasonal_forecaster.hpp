// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/detail/forecast_experts.hpp>
#include <orfeas/forecast/detail/season_profile.hpp>
#include <orfeas/forecast/detail/stream_clock.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/seasonal_options.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::forecast {

/// The scale on which a metric's errors are alike everywhere.
enum class value_scale : std::uint8_t {
    identity,
    log,   ///< for what is above 0 and varies by factors: latencies
    logit, ///< for shares from 0 to 1: hit ratios
};

/// The scale of that name; identity for any other.
constexpr value_scale scale_of(std::string_view name) noexcept {
    return name == "log" ? value_scale::log : name == "logit" ? value_scale::logit : value_scale::identity;
}

/// Says what a metric with a daily or other period will be, with a band.
///
/// Values are averaged over steps. On the scale of the options, damped Holt-Winters at three rates, each with and without the
/// season, forecast every step to come; at each horizon they are mixed by how well they did there. The band is that of the
/// mixture's own past errors: in the long run a tenth lies beyond either side, whatever their distribution.
///
/// A season counts from its second period on, but forecasts come after a few steps. On the log scale values that are not above
/// 0 are none, on the logit scale those outside of [0, 1]; shares are kept 0.0001 away from either end. Steps without values
/// are left out.
///
/// Constant time; no allocation after construction; 10 KB and 9 bytes a step of the period.
/// Thread-compatible (distinct objects).
class seasonal_forecaster {
  public:
    static constexpr state_kind kind{"seasonal_forecaster", 1};

    /// Throws option_error.
    explicit seasonal_forecaster(seasonal_options const& options = {})
        : options_{checked(options)},
          scale_{scale_of(options.scale)},
          profile_{static_cast<std::size_t>(options.period / options.step)},
          slow_{1.0 / static_cast<double>(profile_.slots()), 0} {}

    seasonal_options const& options() const noexcept { return options_; }

    void update(std::chrono::nanoseconds time, double value) noexcept {
        if (!fits(value)) {
            return;
        }
        auto const scaled = to_scale(value);
        if (!clock_.admit(time, scaled)) {
            return;
        }
        std::int64_t const bin = bin_of(time);
        if (count_ > 0 && bin != bin_) {
            finish();
            step_ += bin > bin_ ? static_cast<std::uint64_t>(bin - bin_) : 1;
        }
        bin_ = bin;
        last_ = time;
        count_ += 1;
        mean_ += (scaled - mean_) / count_;
    }

    /// Whether four steps were seen.
    bool warm() const noexcept { return experts_.count() >= 4; }

    /// The value at the last one's time and `horizon`.
    std::optional<prediction> forecast(std::chrono::nanoseconds horizon) const noexcept {
        if (!warm() || horizon < std::chrono::nanoseconds::zero()) {
            return std::nullopt;
        }
        constexpr auto latest = std::chrono::nanoseconds::max();
        bool const fits = last_ < std::chrono::nanoseconds::zero() || horizon <= latest - last_;
        std::int64_t const ahead = bin_of(fits ? last_ + horizon : latest) - bin_;
        auto const steps = static_cast<std::uint64_t>(std::max<std::int64_t>(ahead, 1));
        auto const band = experts_.at(steps, profile_.at(slot_of(bin_, steps)), mean_, profile_.at(slot_of(bin_, 0)),
                                      step_ - experts_.last());
        return prediction{from_scale(band.point), from_scale(band.low), from_scale(band.high), 0.8};
    }

    /// Forgets all but the options. Allocates.
    void reset() { *this = seasonal_forecaster{options_}; }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.clock_, self.profile_, self.slow_, self.experts_, self.bin_, self.last_, self.count_, self.mean_,
           self.step_);
    }
    bool valid() const noexcept {
        return clock_.valid() && profile_.valid() && slow_.valid() && experts_.valid() && is_finite(mean_) &&
               count_ >= 0 && step_ >= experts_.last();
    }

  private:
    static constexpr double edge = 1e-4;    // of shares
    static constexpr double farthest = 700; // beyond which an exponential has no finite value

    static seasonal_options const& checked(seasonal_options const& options) {
        validate(options);
        return options;
    }

    bool fits(double value) const noexcept {
        return detail::is_usable(value) &&
               (scale_ == value_scale::identity || (scale_ == value_scale::log && value > 0) ||
                (scale_ == value_scale::logit && value >= 0 && value <= 1));
    }
    double to_scale(double value) const noexcept {
        if (scale_ == value_scale::logit) {
            double const share = std::clamp(value, edge, 1 - edge);
            return std::log(share / (1 - share));
        }
        return scale_ == value_scale::log ? std::log(value) : value;
    }
    double from_scale(double scaled) const noexcept {
        if (scale_ == value_scale::identity) {
            return scaled;
        }
        double const power = std::exp(std::clamp(scaled, -farthest, farthest));
        return scale_ == value_scale::log ? power : power / (1 + power);
    }

    /// Steps since the epoch; those before it count backwards.
    std::int64_t bin_of(std::chrono::nanoseconds time) const noexcept {
        std::chrono::nanoseconds const step = options_.step;
        return time / step - (time % step < std::chrono::nanoseconds::zero() ? 1 : 0);
    }
    std::size_t slot_of(std::int64_t bin, std::uint64_t steps) const noexcept {
        auto const slots = static_cast<std::int64_t>(profile_.slots());
        std::int64_t const ahead = static_cast<std::int64_t>(steps % profile_.slots());
        return static_cast<std::size_t>(((bin % slots + ahead) % slots + slots) % slots);
    }

    /// Takes in the mean of the step that has ended.
    void finish() noexcept {
        std::size_t const slot = slot_of(bin_, 0);
        experts_.add(step_, mean_, [&](std::uint64_t ahead) { return profile_.at((slot + ahead) % profile_.slots()); });
        slow_.add(mean_, 1);
        profile_.learn(slot, mean_ - slow_.after(0));
        count_ = 0;
        mean_ = 0;
    }

    seasonal_options options_;
    value_scale scale_;
    detail::stream_clock clock_;
    detail::season_profile profile_;
    detail::damped_trend slow_; // the level that offsets are taken from: over a period
    detail::forecast_experts experts_;
    std::int64_t bin_ = 0; // the step in the making
    std::chrono::nanoseconds last_{};
    double count_ = 0;
    double mean_ = 0;
    std::uint64_t step_ = 0;
};
static_assert(forecaster<seasonal_forecaster>);

} // namespace orfeas::inline v0::forecast
