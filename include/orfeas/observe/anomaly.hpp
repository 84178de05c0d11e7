// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/detect/verdict.hpp>
#include <orfeas/observe/detail/value_text.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace orfeas::inline v0::observe {

/// An alert of a detector about one series, from its begin to its end, as it was at the worst.
struct anomaly {
    std::uint64_t id = 0; ///< counts up from 1
    std::string key;      ///< of the series
    orfeas::unit unit = orfeas::unit::none;
    detect::anomaly_family family = detect::anomaly_family::none;
    bool is_active = true;
    wall_time begin{};
    wall_time end{};       ///< of what is active, the newest frame
    double score = 0;      ///< the highest, from 0.5 to 1
    double confidence = 0; ///< and the confidence, value and expectation then
    double value = 0;
    double expected = 0;
    double low = 0;
    double high = 0;
};

/// What a watch knows of anomalies.
struct anomaly_report {
    std::vector<anomaly> anomalies;   ///< newest first
    std::uint64_t total = 0;          ///< since the watch began, also those that are no longer kept
    std::uint32_t active = 0;         ///< of those listed
    std::uint32_t series = 0;         ///< that are judged
    std::uint32_t warm = 0;           ///< of these, the ones that were seen long enough to be judged
    std::uint64_t series_refused = 0; ///< beyond the most that are judged
};

/// Why, in one sentence: "http_request_p95_ms was 812 ms where 20 ms to 45 ms is usual (spike)". A value within its usual band
/// is unlike the others by its course: a level between others, a mean that has moved, a time of the day.
inline std::string to_text(anomaly const& of) {
    auto const text_of = [&](double value) { return detail::value_text(value, of.unit); };
    bool const has_band = of.low < of.high;
    bool const is_within = has_band && of.low <= of.value && of.value <= of.high;
    std::string text = of.key + (is_within ? " took a course that is not usual, at " : " was ") + text_of(of.value);
    text += is_within ? " within " : " where ";
    text += has_band ? text_of(of.low) + " to " + text_of(of.high) : text_of(of.expected);
    text += is_within ? "" : " is usual";
    return text.append(" (").append(to_string(of.family)).append(")");
}

} // namespace orfeas::inline v0::observe
