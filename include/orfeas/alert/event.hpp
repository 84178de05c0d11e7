// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::alert {

/// What happened to an alert.
enum class event_kind : std::uint8_t {
    pending,              ///< it holds, but not for long enough yet
    withdrawn,            ///< it stopped to hold before it fired
    fired,                ///< it is an alert now
    worsened,             ///< it fires with a higher severity
    eased,                ///< it fires with a lower severity
    resolved,             ///< it is over
    acknowledged,         ///< somebody is at it
    acknowledgement_over, ///< withdrawn, run out, or void because it got worse
    silenced,             ///< a silence began to apply
    silence_over          ///< none applies any more
};

constexpr std::string_view to_string(event_kind of) noexcept {
    constexpr std::string_view names[] = {"pending",  "withdrawn",   "fired",        "worsened",
                                          "eased",    "resolved",    "acknowledged", "acknowledgement_over",
                                          "silenced", "silence_over"};
    return names[static_cast<std::uint8_t>(of)];
}

/// One line of the history of alerts: the alert as it was then, what happened, and why. A value.
struct alert_event {
    std::uint64_t number = 0; ///< counts up by one with each event
    wall_time time{};
    event_kind kind = event_kind::pending;
    std::string reason; ///< one sentence
    active_alert alert;
};

} // namespace orfeas::inline v0::alert
