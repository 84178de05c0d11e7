// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/forecast/concepts.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/prediction_log.hpp>
#include <orfeas/forecast/trend_estimator.hpp>
#include <orfeas/observe/prediction_options.hpp>
#include <orfeas/observe/prediction_report.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::observe::detail {

/// Follows one metric by a forecaster, its trend, and how right the forecasts were. Thread-compatible (distinct objects).
template<forecast::forecaster Forecaster>
class value_judge {
  public:
    value_judge(prediction_options const& options, forecast::polarity better)
        : forecaster_{options.season}, trend_{facing(options.trend, better)}, log_{options.log} {}

    void update(std::chrono::nanoseconds time, double value, orfeas::unit unit) {
        unit_ = unit;
        forecaster_.update(time, value);
        trend_.update(time, value);
        log_.update(time, value, forecaster_);
        value_ = value;
    }

    Forecaster const& forecaster() const noexcept { return forecaster_; }
    std::chrono::seconds horizon() const noexcept { return log_.options().horizon; }
    double value() const noexcept { return value_; }

    /// All but the rating.
    value_prediction report(std::string key) const {
        value_prediction made;
        made.key = std::move(key);
        made.unit = unit_;
        made.value = value_;
        made.horizon = horizon();
        made.expected = forecaster_.forecast(horizon());
        made.trend = trend_.assess();
        made.record = log_.record();
        for (std::size_t i = 0; i < log_.size(); ++i) {
            made.past.push_back(log_.past(i));
        }
        return made;
    }

    void save(state_writer& out) const {
        forecaster_.save(out);
        trend_.save(out);
        log_.save(out);
    }
    std::error_code load(state_reader& in) {
        auto refused = forecaster_.load(in);
        refused = refused ? refused : trend_.load(in);
        return refused ? refused : log_.load(in);
    }

  private:
    static forecast::trend_options facing(forecast::trend_options options, forecast::polarity better) {
        options.polarity = to_string(better);
        return options;
    }

    Forecaster forecaster_;
    forecast::trend_estimator trend_;
    forecast::prediction_log log_;
    orfeas::unit unit_ = orfeas::unit::none;
    double value_ = 0;
};

} // namespace orfeas::inline v0::observe::detail
