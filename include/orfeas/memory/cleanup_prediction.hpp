// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/peak_forecast.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// Why a cleanup is advised.
enum class cleanup_reason : std::uint8_t {
    none,               ///< it is not
    rising,             ///< use is high and grows
    fragmented,         ///< free memory lies in pieces
    forecast_over_mark, ///< the next step may need more than is left
    exhaustion_near,    ///< at this growth memory ends before a cleanup would
    pressure_critical,  ///< hardly anything is left
};

constexpr std::string_view to_string(cleanup_reason reason) noexcept {
    switch (reason) {
    case cleanup_reason::none:
        return "none";
    case cleanup_reason::rising:
        return "rising";
    case cleanup_reason::fragmented:
        return "fragmented";
    case cleanup_reason::forecast_over_mark:
        return "forecast_over_mark";
    case cleanup_reason::exhaustion_near:
        return "exhaustion_near";
    case cleanup_reason::pressure_critical:
        return "pressure_critical";
    }
    return "none";
}

/// When predict_cleanup_need advises a cleanup. Prefix ORFEAS_CLEANUP_.
struct cleanup_marks {
    double utilization_mark = 0.70;   ///< without a forecast: use above this share of the total that rises
    double fragmentation_mark = 0.30; ///< without a forecast: a fragmentation above this
    double forecast_mark = 0.97;      ///< with one: what may be needed above this share of the total
    double lead_factor = 4;           ///< and memory ending within so many times the length of a cleanup
    double least_gain = 0.01;         ///< share of the total that a cleanup ahead must promise
    std::uint32_t least_steps = 1;    ///< steps after which a forecast is believed

    static constexpr std::string_view environment_prefix = "ORFEAS_CLEANUP_";

    static void fields(auto& self, auto&& field) {
        field("utilization_mark", self.utilization_mark, in_range(0.0, 1.0),
              "without a forecast, rising use above this share of the total");
        field("fragmentation_mark", self.fragmentation_mark, in_range(0.0, 1.0),
              "without a forecast, a fragmentation above this");
        field("forecast_mark", self.forecast_mark, in_range(0.0, 1.0),
              "with a forecast, what may be needed above this share of the total");
        field("lead_factor", self.lead_factor, in_range(0.0, 1000.0),
              "memory that ends within so many times the length of a cleanup");
        field("least_gain", self.least_gain, in_range(0.0, 1.0), "share of the total that a cleanup must promise");
        field("least_steps", self.least_steps, any_value{}, "steps after which a forecast is believed");
    }
};
static_assert(options<cleanup_marks>);

/// What is known about the steps to come. Leave `steps` at 0 where nothing is forecast.
struct memory_outlook {
    std::uint64_t steps = 0;                       ///< observed by the forecast
    bool rising = false;                           ///< use has been growing
    std::uint64_t upper_bytes = 0;                 ///< what the next step allocates at most, caches left aside
    std::uint64_t reclaimable_bytes = 0;           ///< allocated by caches that a cleanup empties
    std::optional<double> seconds_to_exhaustion{}; ///< at the present growth; empty when it does not grow
    double cleanup_seconds = 0;                    ///< what a cleanup takes, as measured
};

/// The advice, with the figures that led to it.
struct cleanup_prediction {
    bool should = false;
    cleanup_reason reason = cleanup_reason::none;
    double utilization_ratio = 0;
    double fragmentation_ratio = 0;
    std::uint64_t needed_bytes = 0; ///< what the next step may need beside what is kept; 0 without a forecast
    std::uint64_t total_bytes = 0;
    std::uint64_t gain_bytes = 0; ///< what a cleanup may give back
    std::optional<double> seconds_to_exhaustion{};

    static void fields(auto& self, auto&& field) {
        field("should", self.should, unit::none, "a cleanup is advised");
        field("reason", self.reason, unit::none, "why");
        field("utilization_ratio", self.utilization_ratio, unit::ratio, "allocated share of total");
        field("fragmentation_ratio", self.fragmentation_ratio, unit::ratio, "share of free memory that lies in pieces");
        field("needed_bytes", self.needed_bytes, unit::bytes, "what the next step may need beside what is kept");
        field("total_bytes", self.total_bytes, unit::bytes, "memory that may be handed out at most");
        field("gain_bytes", self.gain_bytes, unit::bytes, "what a cleanup may give back");
        field("seconds_to_exhaustion", self.seconds_to_exhaustion, unit::seconds, "until memory ends at this growth");
    }
};

/// The outlook of a resource from the forecast of its steps, which last `step_seconds` each.
inline memory_outlook outlook_of(peak_forecast const& forecast, memory_profile const& profile,
                                 std::uint64_t reclaimable_bytes, double step_seconds, double cleanup_seconds) {
    std::uint64_t const room =
        profile.total_bytes > reclaimable_bytes ? profile.total_bytes - reclaimable_bytes : std::uint64_t{0};
    auto const left = forecast.steps_to(room);
    memory_outlook result{.steps = forecast.steps(),
                          .rising = left.has_value(),
                          .upper_bytes = forecast.next().upper_bytes,
                          .reclaimable_bytes = reclaimable_bytes,
                          .cleanup_seconds = cleanup_seconds};
    if (left) {
        result.seconds_to_exhaustion = *left * step_seconds;
    }
    return result;
}

namespace detail {

/// Reserved, but not allocated.
inline std::uint64_t kept_bytes(memory_profile const& profile) {
    return profile.reserved_bytes > profile.allocated_bytes ? profile.reserved_bytes - profile.allocated_bytes : 0;
}

/// Kept by the pool but outside its largest free extent: what a large request cannot have.
inline std::uint64_t stranded_bytes(memory_profile const& profile) {
    return static_cast<std::uint64_t>(static_cast<double>(kept_bytes(profile)) * profile.fragmentation_ratio);
}

inline cleanup_reason reason_without_forecast(memory_profile const& profile, bool rising, cleanup_marks const& marks) {
    if (profile.pressure == memory_pressure::critical) {
        return cleanup_reason::pressure_critical;
    }
    if (rising && profile.utilization_ratio > marks.utilization_mark) {
        return cleanup_reason::rising;
    }
    return profile.fragmentation_ratio > marks.fragmentation_mark ? cleanup_reason::fragmented : cleanup_reason::none;
}

inline cleanup_reason reason_by_forecast(memory_profile const& profile, memory_outlook const& outlook,
                                         cleanup_prediction const& found, cleanup_marks const& marks) {
    auto const total = static_cast<double>(profile.total_bytes);
    if (static_cast<double>(found.gain_bytes) < marks.least_gain * total || found.gain_bytes == 0) {
        return cleanup_reason::none;
    }
    if (static_cast<double>(found.needed_bytes) > marks.forecast_mark * total) {
        return stranded_bytes(profile) > outlook.reclaimable_bytes ? cleanup_reason::fragmented
                                                                   : cleanup_reason::forecast_over_mark;
    }
    if (outlook.seconds_to_exhaustion && *outlook.seconds_to_exhaustion < marks.lead_factor * outlook.cleanup_seconds) {
        return cleanup_reason::exhaustion_near;
    }
    return cleanup_reason::none;
}

} // namespace detail

/// Says whether to clean up before the next step.
///
/// With a forecast of at least `least_steps` steps: when the upper bound of the next step, the caches and the memory that
/// lies stranded in pieces together exceed `forecast_mark` of the total, or memory ends within `lead_factor` cleanups;
/// but only when there is something to gain. Use that is merely high is no reason: a job that fits is left alone.
/// Without one, by rule: critical pressure, rising use above `utilization_mark`, or a fragmentation above
/// `fragmentation_mark`.
/// Pure: the same figures give the same advice. Constant time.
inline cleanup_prediction predict_cleanup_need(memory_profile const& profile, memory_outlook const& outlook = {},
                                               cleanup_marks const& marks = {}) {
    cleanup_prediction found{.utilization_ratio = profile.utilization_ratio,
                             .fragmentation_ratio = profile.fragmentation_ratio,
                             .total_bytes = profile.total_bytes,
                             .gain_bytes = detail::kept_bytes(profile) + outlook.reclaimable_bytes,
                             .seconds_to_exhaustion = outlook.seconds_to_exhaustion};
    if (outlook.steps == 0 || outlook.steps < marks.least_steps) {
        found.reason = detail::reason_without_forecast(profile, outlook.rising, marks);
    } else {
        found.needed_bytes = outlook.upper_bytes + outlook.reclaimable_bytes + detail::stranded_bytes(profile);
        found.reason = detail::reason_by_forecast(profile, outlook, found, marks);
    }
    found.should = found.reason != cleanup_reason::none;
    return found;
}

/// The advice as a sentence: "clean up: the next step may need 7.9 GiB of 8 GiB; 1.2 GiB to gain".
inline std::string to_text(cleanup_prediction const& advice) {
    auto const share = [](double ratio) {
        char text[32];
        std::snprintf(text, sizeof text, "%.0f %%", ratio * 100);
        return std::string{text};
    };
    std::string cause;
    switch (advice.reason) {
    case cleanup_reason::none:
        return "no cleanup needed: " + share(advice.utilization_ratio) + " of " + format_bytes(advice.total_bytes) +
               " in use";
    case cleanup_reason::rising:
        cause = share(advice.utilization_ratio) + " in use, and rising";
        break;
    case cleanup_reason::fragmented:
        cause = share(advice.fragmentation_ratio) + " of the kept free memory lies in pieces";
        break;
    case cleanup_reason::forecast_over_mark:
        cause =
            "the next step may need " + format_bytes(advice.needed_bytes) + " of " + format_bytes(advice.total_bytes);
        break;
    case cleanup_reason::exhaustion_near: {
        char text[64];
        std::snprintf(text, sizeof text, "memory ends in %.1f s", advice.seconds_to_exhaustion.value_or(0));
        cause = text;
        break;
    }
    case cleanup_reason::pressure_critical:
        cause = share(advice.utilization_ratio) + " in use, which is critical";
        break;
    }
    return "clean up: " + cause + "; up to " + format_bytes(advice.gain_bytes) + " to gain";
}

} // namespace orfeas::inline v0::memory
