// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::alert {

/// When people are told of alerts. Prefix ORFEAS_ALERT_.
struct notifier_options {
    std::chrono::seconds info_cooldown{900};        ///< from telling of an alert that it fires to doing so again
    std::chrono::seconds warning_cooldown{300};     ///< likewise, of warnings
    std::chrono::seconds critical_cooldown{60};     ///< likewise, of critical alerts
    std::chrono::seconds repeat_interval{14'400};   ///< from one reminder of an alert that goes on to the next
    std::chrono::seconds flap_window{600};          ///< an alert that comes back, or gets worse again, within it flaps
    double flap_multiplier = 2;                     ///< of the cooldown, each time an alert flaps
    std::chrono::seconds longest_cooldown{3'600};   ///< however much an alert flaps
    std::vector<std::string> group_by{"alertname"}; ///< labels: alerts that have the same are told of together
    std::chrono::milliseconds group_wait{0};        ///< for more alerts of a group, before the first is told of
    std::chrono::seconds group_interval{0};         ///< from one notification of a group to the next
    std::uint32_t kept_events = 1'000;              ///< of the history
    std::uint32_t most_waiting = 10'000; ///< notifications for a receiver that does not take them; then the oldest go
    std::uint64_t most_waiting_bytes = 8_MiB; ///< likewise, of these notifications as they are saved
    std::uint32_t most_silences = 1'000;

    static constexpr std::string_view environment_prefix = "ORFEAS_ALERT_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        using std::chrono::seconds;
        constexpr in_range up_to_a_day{seconds{0}, seconds{86'400}};
        field("info_cooldown", self.info_cooldown, up_to_a_day,
              "from telling of an alert that it fires to doing so again");
        field("warning_cooldown", self.warning_cooldown, up_to_a_day, "likewise, of warnings");
        field("critical_cooldown", self.critical_cooldown, up_to_a_day, "likewise, of critical alerts");
        field("repeat_interval", self.repeat_interval, in_range(seconds{60}, seconds{31'536'000}),
              "from one reminder of an alert that goes on to the next");
        field("flap_window", self.flap_window, up_to_a_day,
              "an alert that comes back, or gets worse again, within it flaps");
        field("flap_multiplier", self.flap_multiplier, in_range(1.0, 100.0),
              "of the cooldown, each time an alert flaps");
        field("longest_cooldown", self.longest_cooldown, up_to_a_day, "however much an alert flaps");
        field("group_by", self.group_by, any_value{}, "labels: alerts that have the same are told of together");
        field("group_wait", self.group_wait, in_range(milliseconds{0}, milliseconds{3'600'000}),
              "for more alerts of a group, before the first is told of");
        field("group_interval", self.group_interval, up_to_a_day, "from one notification of a group to the next");
        field("kept_events", self.kept_events, in_range(1, 1'000'000), "events of the history");
        field("most_waiting", self.most_waiting, in_range(1, 1'000'000),
              "notifications for a receiver that does not take them; then the oldest go");
        field("most_waiting_bytes", self.most_waiting_bytes, in_range(64_KiB, 1_GiB),
              "of these notifications as they are saved; then the oldest go, but the newest");
        field("most_silences", self.most_silences, in_range(1, 100'000), "silences at a time");
    }
};
static_assert(options<notifier_options>);

} // namespace orfeas::inline v0::alert
