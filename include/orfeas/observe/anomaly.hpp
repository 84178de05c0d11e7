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

/// Why, in one sentence: "http_request_p95_ms was 812 ms where 20 ms to 45 ms is usual (spike)".
inline std::string to_text(anomaly const& of) {
    std::string text = of.key + " was " + detail::value_text(of.value, of.unit);
    if (of.low < of.high) {
        text += " where " + detail::value_text(of.low, of.unit) + " to " + detail::value_text(of.high, of.unit) +
                " is usual";
    } else {
        text += " where " + detail::value_text(of.expected, of.unit) + " is usual";
    }
    return text.append(" (").append(to_string(of.family)).append(")");
}

} // namespace orfeas::inline v0::observe
