// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/core/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::alert {

/// What an alert is: it may become one when it holds for long enough, it is one, or it was.
enum class alert_state : std::uint8_t { pending, firing, resolved };

constexpr std::string_view to_string(alert_state of) noexcept {
    constexpr std::string_view names[] = {"pending", "firing", "resolved"};
    return names[static_cast<std::uint8_t>(of)];
}

/// That somebody knows of an alert and is at it: until then nobody else is told, unless it gets worse.
struct acknowledgement {
    std::string author;
    std::string comment;
    wall_time at{};
    wall_time until{};
    severity up_to = severity::critical; ///< what it was when it was acknowledged; void when it gets worse
};

/// One alert, as it is now. A value.
struct active_alert {
    std::uint64_t fingerprint = 0; ///< of what it is known by; the same in each run
    std::string rule;              ///< by name
    label_set labels;              ///< of the series and the rule, with alertname and severity
    label_set annotations;         ///< as texts, with its value
    alert_state state = alert_state::pending;
    severity at = severity::warning;
    std::string reason;                ///< why it is what it is, in one sentence
    double value = 0;                  ///< of the expression, when it last had one
    double threshold = 0;              ///< of the level; NaN where the expression says what is an alert
    wall_time active_at{};             ///< since when it holds
    std::optional<wall_time> fired_at; ///< since when it fires
    std::optional<wall_time> ended_at; ///< when it was over
    bool is_recovering = false;        ///< it no longer holds, and is kept firing for a while
    bool is_silenced = false;
    bool is_inhibited = false;
    std::optional<acknowledgement> acknowledged;
};

/// A fingerprint as it stands in addresses and messages: 16 hexadecimal digits.
inline std::string alert_id(std::uint64_t fingerprint) {
    std::string made(16, '0');
    for (std::size_t i = 0; i < made.size(); ++i) {
        made[i] = "0123456789abcdef"[fingerprint >> (60 - 4 * i) & 15U];
    }
    return made;
}

/// The fingerprint of an id; none for other texts.
constexpr std::optional<std::uint64_t> fingerprint_from(std::string_view id) noexcept {
    std::uint64_t made = 0;
    for (char const c : id) {
        bool const is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f')) {
            return std::nullopt;
        }
        made = made << 4U | static_cast<std::uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
    }
    return id.size() == 16 ? std::optional{made} : std::nullopt;
}

} // namespace orfeas::inline v0::alert
