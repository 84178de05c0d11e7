// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/forecast/prediction.hpp>

#include <chrono>
#include <concepts>
#include <optional>

namespace orfeas::inline v0::forecast {

/// Follows one metric and says what it will be, by the values so far and nothing else.
///
/// `update(time, value)` takes a value in: in constant time, without allocating, whatever the arguments hold. A value that is
/// not finite is no value; a time that is not after the last one is not taken in, until several on end say that the clock was
/// set back. `forecast(horizon)` says what the value will be that long after the last one; nothing before `warm()` and for a
/// negative horizon. `reset()` forgets all but the options. A forecaster is a value that belongs to one stream.
template<class F>
concept forecaster = saves_state<F> && std::copyable<F> &&
                     requires(F& judge, F const& view, std::chrono::nanoseconds time, double value) {
                         { judge.update(time, value) } -> std::same_as<void>;
                         { view.forecast(time) } -> std::same_as<std::optional<prediction>>;
                         { view.warm() } noexcept -> std::same_as<bool>;
                         { judge.reset() } -> std::same_as<void>;
                     };

} // namespace orfeas::inline v0::forecast
