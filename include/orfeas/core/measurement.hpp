// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/function_ref.hpp>

#include <span>
#include <string_view>

namespace orfeas::inline v0 {

/// How a measured value moves: a gauge goes up and down, a counter only grows until its component restarts.
enum class measurement_kind { gauge, counter };

/// The unit of a measured value. Names of measurements end in it ("reserved_bytes"); this is its machine-readable form.
enum class unit { none, bytes, seconds, milliseconds, ratio, per_second, celsius, watts };

/// The unit's name as it appears in JSON and in metric names.
constexpr std::string_view to_string(unit u) noexcept {
    switch (u) {
    case unit::none:
        return "none";
    case unit::bytes:
        return "bytes";
    case unit::seconds:
        return "seconds";
    case unit::milliseconds:
        return "milliseconds";
    case unit::ratio:
        return "ratio";
    case unit::per_second:
        return "per_second";
    case unit::celsius:
        return "celsius";
    case unit::watts:
        return "watts";
    }
    return "none";
}

/// The kind's name as Prometheus spells it.
constexpr std::string_view to_string(measurement_kind kind) noexcept {
    return kind == measurement_kind::counter ? "counter" : "gauge";
}

/// One dimension of a measurement.
struct label {
    std::string_view name;
    std::string_view value;

    friend bool operator==(label const&, label const&) = default;
};

/// One value that a component reports about itself. The views are valid during the call that hands it over.
struct measurement {
    std::string_view name;              ///< snake_case, prefixed by the module: "cache_hits_total"
    measurement_kind kind;              ///< counters end in _total
    orfeas::unit unit;                  ///< of `value`
    double value;                       ///< NaN says that there is no value at present
    std::span<label const> labels = {}; ///< sorted by name
    std::string_view help = {};         ///< one sentence for people
};

/// Receives measurements; borrowed for the length of one `measure` call.
using measurement_sink = function_ref<void(measurement const&)>;

/// A component that can be asked for its present measurements. `measure` may be called from any thread at any time
/// during the component's life, reports the same set of names each time, and does not block the hot path.
template<class C>
concept measurable = requires(C const& c, measurement_sink sink) { c.measure(sink); };

} // namespace orfeas::inline v0
