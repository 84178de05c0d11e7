// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/detail/number_text.hpp>
#include <orfeas/alert/rule.hpp>

#include <chrono>
#include <cmath>
#include <optional>
#include <string>

namespace orfeas::inline v0::alert::detail {

/// "91.2 is above 85 for 30s", in the numbers of the expression.
inline std::string holds_reason(rule const& by, active_alert const& of) {
    std::string made = four_digits(of.value);
    if (std::isnan(of.threshold)) {
        made.append(" by ").append(by.expr);
    } else {
        made.append(by.bad == bad_side::above ? " is above " : " is below ").append(four_digits(of.threshold));
    }
    if (of.state == alert_state::firing && by.pending_for.count() > 0) {
        made.append(" for ").append(humanized_duration(std::chrono::duration<double>{by.pending_for}.count()));
    }
    return made;
}

inline std::string ended_reason(rule const& by, std::optional<double> value) {
    if (value && !by.levels.empty()) {
        auto const& least = by.levels.front();
        return four_digits(*value) + (by.bad == bad_side::above ? " is not above " : " is not below ") +
               four_digits(least.clear.value_or(least.threshold));
    }
    return by.levels.empty() ? "it no longer holds" : "it has no value";
}

} // namespace orfeas::inline v0::alert::detail
