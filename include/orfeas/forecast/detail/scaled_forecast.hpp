// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/forecast/prediction.hpp>
#include <orfeas/forecast/seasonal_forecaster.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::forecast::detail {

/// A seasonal_forecaster on a scale that `Derived` chooses, saved under the kind of `Derived`.
/// Thread-compatible (distinct objects).
template<class Derived>
class scaled_forecast {
  public:
    seasonal_options const& options() const noexcept { return inner_.options(); }

    /// The unit is that of the metric.
    void update(std::chrono::nanoseconds time, double value) noexcept { inner_.update(time, value); }
    bool warm() const noexcept { return inner_.warm(); }

    std::optional<prediction> forecast(std::chrono::nanoseconds horizon) const noexcept {
        return inner_.forecast(horizon);
    }

    /// Forgets all but the options. Allocates.
    void reset() { inner_.reset(); }

    void save(state_writer& out) const { save_state(out, Derived::kind, fingerprint(options()), *this); }
    std::error_code load(state_reader& in) { return load_state(in, Derived::kind, fingerprint(options()), *this); }

    static void state(auto& self, auto&& io) { io(self.inner_); }
    bool valid() const noexcept { return inner_.valid(); }

  private:
    friend Derived;

    scaled_forecast(seasonal_options options, std::string_view scale) : inner_{on(std::move(options), scale)} {}

    static seasonal_options on(seasonal_options options, std::string_view scale) {
        options.scale = scale;
        return options;
    }

    seasonal_forecaster inner_;
};

} // namespace orfeas::inline v0::forecast::detail
