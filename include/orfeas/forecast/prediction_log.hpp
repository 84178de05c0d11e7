// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/detail/stream_clock.hpp>
#include <orfeas/forecast/prediction.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::forecast {

/// What became of a forecast.
enum class forecast_outcome : std::uint8_t {
    open,    ///< its time has not come
    within,  ///< the mean over the step that it was made for lay in its band
    outside, ///< or not
    unknown, ///< there were no values then
};

constexpr std::string_view to_string(forecast_outcome outcome) noexcept {
    constexpr std::array<std::string_view, 4> names{"open", "within", "outside", "unknown"};
    return names[static_cast<std::size_t>(outcome)];
}

/// A forecast that was made, and what the metric was when its time had come.
struct past_forecast {
    std::chrono::nanoseconds made{}; ///< when, in the caller's time
    std::chrono::nanoseconds due{};  ///< the begin of the step that it is about
    double point = 0;
    double low = 0;
    double high = 0;
    double actual = 0; ///< the mean over that step; 0 where it is not known
    forecast_outcome outcome = forecast_outcome::open;

    static void state(auto& self, auto&& io) {
        io(self.made, self.due, self.point, self.low, self.high, self.actual, self.outcome);
    }
    friend bool operator==(past_forecast const&, past_forecast const&) = default;
};

/// How right forecasts have been.
struct forecast_record {
    std::uint64_t made = 0;
    std::uint64_t within = 0;
    std::uint64_t outside = 0;
    double coverage = 0;            ///< share of the decided ones that lay in their band; 0 before there is one
    double mean_absolute_error = 0; ///< of the points of the decided ones, in the metric's unit
};

/// Configures a prediction_log. Prefix ORFEAS_FORECAST_LOG_.
struct prediction_log_options {
    std::chrono::seconds horizon{1'800}; ///< how far ahead the forecasts look
    std::chrono::seconds step{300};      ///< one forecast is made in each, and held against the mean over one

    static constexpr std::string_view environment_prefix = "ORFEAS_FORECAST_LOG_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::seconds;
        field("horizon", self.horizon, in_range(seconds{1}, seconds{31'622'400}), "how far ahead forecasts look");
        field("step", self.step, in_range(seconds{1}, seconds{86'400}), "in which one forecast is made");
    }
    void check() const {
        auto const ahead = horizon / step;
        if (ahead < 1 || ahead >= 64) {
            throw option_error{"horizon", v0::detail::option_text(horizon), "from one to 63 steps"};
        }
    }
};
static_assert(options<prediction_log_options>);

/// Makes a forecast a step with the forecaster of a metric, holds each against what came, and keeps account of it.
///
/// The last 64 forecasts are kept. Constant time; no allocation after construction; about 4 KB.
/// Thread-compatible (distinct objects).
class prediction_log {
  public:
    static constexpr state_kind kind{"prediction_log", 1};
    static constexpr std::size_t kept = 64;

    /// Throws option_error.
    explicit prediction_log(prediction_log_options const& options = {}) : options_{options} { validate(options_); }

    prediction_log_options const& options() const noexcept { return options_; }

    /// Takes in a value that `by` has just taken in. Times that do not advance are passed over.
    template<forecaster F>
    void update(std::chrono::nanoseconds time, double value, F const& by) {
        if (!clock_.admit(time, value)) {
            return;
        }
        std::int64_t const step = step_of(time);
        if (count_ == 0 || step != step_) {
            settle();
            if (auto const said = by.forecast(options_.horizon)) {
                note(time, *said);
            }
            forget_passed(step);
            step_ = step;
            count_ = 0;
            mean_ = 0;
        }
        count_ += 1;
        mean_ += (value - mean_) / count_;
    }

    forecast_record record() const noexcept {
        auto const decided = static_cast<double>(within_ + outside_);
        return {made_, within_, outside_, decided > 0 ? static_cast<double>(within_) / decided : 0,
                decided > 0 ? errors_ / decided : 0};
    }

    /// How many past forecasts are kept.
    std::size_t size() const noexcept { return made_ < kept ? made_ : kept; }

    /// A past forecast, 0 being the newest. `index` is below `size()`.
    past_forecast const& past(std::size_t index) const noexcept { return ring_[(made_ - 1 - index) % kept]; }

    /// Forgets all but the options.
    void reset() { *this = prediction_log{options_}; }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.clock_, self.step_, self.count_, self.mean_, self.made_, self.within_, self.outside_, self.errors_,
           self.ring_);
    }
    bool valid() const noexcept {
        bool sound = clock_.valid() && count_ >= 0 && is_finite(mean_) && errors_ >= 0 && within_ + outside_ <= made_;
        for (auto const& each : ring_) {
            sound = sound && each.outcome <= forecast_outcome::unknown && is_finite(each.point);
        }
        return sound;
    }

  private:
    std::int64_t step_of(std::chrono::nanoseconds time) const noexcept {
        return std::chrono::floor<std::chrono::seconds>(time).count() / options_.step.count();
    }

    void note(std::chrono::nanoseconds time, prediction const& said) noexcept {
        auto const due = std::chrono::seconds{step_of(time + options_.horizon) * options_.step.count()};
        ring_[made_ % kept] = {time, due, said.point, said.low, said.high, 0, forecast_outcome::open};
        ++made_;
    }

    /// Holds the forecasts about the step that has ended against its mean.
    void settle() noexcept {
        for (auto& each : std::span{ring_}.first(size())) {
            if (count_ == 0 || each.outcome != forecast_outcome::open || step_of(each.due) != step_) {
                continue;
            }
            bool const is_within = each.low <= mean_ && mean_ <= each.high;
            each.actual = mean_;
            each.outcome = is_within ? forecast_outcome::within : forecast_outcome::outside;
            within_ += is_within ? 1U : 0U;
            outside_ += is_within ? 0U : 1U;
            errors_ += std::abs(each.point - mean_);
        }
    }

    /// Steps that brought no values say nothing about the forecasts of them.
    void forget_passed(std::int64_t now) noexcept {
        for (auto& each : std::span{ring_}.first(size())) {
            if (each.outcome == forecast_outcome::open && step_of(each.due) < now) {
                each.outcome = forecast_outcome::unknown;
            }
        }
    }

    prediction_log_options options_;
    detail::stream_clock clock_;
    std::int64_t step_ = 0;
    double count_ = 0; // of the values of the step
    double mean_ = 0;
    std::uint64_t made_ = 0;
    std::uint64_t within_ = 0;
    std::uint64_t outside_ = 0;
    double errors_ = 0;
    std::array<past_forecast, kept> ring_{};
};
static_assert(saves_state<prediction_log>);

} // namespace orfeas::inline v0::forecast
