// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace orfeas::inline v0::forecast {

/// Configures a time_to_critical. Prefix ORFEAS_CRITICAL_. The defaults are for memory in use as a share of what there is.
struct time_to_critical_options {
    double critical = 0.9;                        ///< the level that must not be reached, in the metric's unit
    std::string polarity = "lower_is_better";     ///< higher_is_better: the level is reached from above
    std::chrono::milliseconds half_life{300'000}; ///< after which a value counts half
    double significance = 1.5;                    ///< standard errors of its slope that a rise must have at least
    double unusual = 1.4;                         ///< times the slope that the metric usually has
    std::chrono::minutes cleanup_lead{30};        ///< a shorter forecast advises a preemptive cleanup

    static constexpr std::string_view environment_prefix = "ORFEAS_CRITICAL_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        using std::chrono::minutes;
        field("critical", self.critical, in_range(-1e100, 1e100), "the level that must not be reached");
        field("polarity", self.polarity, one_of("lower_is_better", "higher_is_better"),
              "whether the level lies above or below");
        field("half_life", self.half_life, in_range(milliseconds{1}, milliseconds{604'800'000}),
              "after which a value counts half");
        field("significance", self.significance, in_range(0.0, 100.0), "standard errors that a slope must have");
        field("unusual", self.unusual, in_range(0.0, 100.0), "times the usual slope that a slope must have");
        field("cleanup_lead", self.cleanup_lead, in_range(minutes{0}, minutes{100'000}),
              "a shorter forecast advises a preemptive cleanup");
    }
};
static_assert(options<time_to_critical_options>);

} // namespace orfeas::inline v0::forecast
