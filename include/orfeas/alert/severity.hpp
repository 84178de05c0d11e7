// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace orfeas::inline v0::alert {

/// How urgent an alert is: to be known of, to be looked at today, to be acted on now.
enum class severity : std::uint8_t { info, warning, critical };

/// The name as it stands in a label.
constexpr std::string_view to_string(severity of) noexcept {
    constexpr std::string_view names[] = {"info", "warning", "critical"};
    return names[static_cast<std::uint8_t>(of)];
}

/// The severity of a name; none for any other text.
constexpr std::optional<severity> severity_from(std::string_view name) noexcept {
    for (auto const each : {severity::info, severity::warning, severity::critical}) {
        if (to_string(each) == name) {
            return each;
        }
    }
    return std::nullopt;
}

} // namespace orfeas::inline v0::alert
