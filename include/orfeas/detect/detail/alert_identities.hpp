// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/verdict.hpp>

#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// The identities of a stream's alerts, which count up, and among them that of the alert about silence, which may be open beside
/// another one. Whoever holds it saves its numbers. Thread-compatible (distinct objects).
struct alert_identities {
    std::uint64_t last = 0;
    std::uint64_t silent = 0; ///< of the open alert about silence, or 0

    std::uint64_t next() noexcept { return ++last; }

    /// Goes through the life of the alert about silence: it starts at the first silent sample and ends at the first other one.
    /// Empty when there is none.
    alert_ref silence(bool is_silent) noexcept {
        if (silent == 0) {
            silent = is_silent ? next() : 0;
            return is_silent ? alert_ref{silent, alert_phase::starts} : alert_ref{};
        }
        alert_ref const made{silent, is_silent ? alert_phase::continues : alert_phase::ends};
        silent = is_silent ? silent : 0;
        return made;
    }

    /// The stream is forgotten. Alerts keep counting up, so that no two have the same identity.
    void reset() noexcept { silent = 0; }
};

/// Tells of silence in a verdict: an alert about it shows where no other alert is told of. `Alerts` has `silence(bool)`.
template<class Alerts>
void tell_silence(verdict& made, Alerts& alerts, bool is_silent) noexcept {
    if (!made.alert) {
        made.alert = alerts.silence(is_silent);
        made.state = made.alert.phase == alert_phase::ends ? verdict_state::recovering : made.state;
    }
    made.state = is_silent ? verdict_state::silent : made.state;
}

} // namespace orfeas::inline v0::detect::detail
