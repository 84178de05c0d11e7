// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/core/clock.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::alert {

/// What is told of an alert.
enum class news_kind : std::uint8_t { fired, worsened, eased, reminder, resolved };

constexpr std::string_view to_string(news_kind of) noexcept {
    constexpr std::string_view names[] = {"fired", "worsened", "eased", "reminder", "resolved"};
    return names[static_cast<std::uint8_t>(of)];
}

/// What is told of one alert, and why.
struct alert_news {
    news_kind kind = news_kind::fired;
    severity worst = severity::info; ///< that was told of since it fired: who was told of it is told how it goes on
    std::string reason;              ///< one sentence
    active_alert alert;              ///< as it was then
};

/// What a receiver is told at a time: news of the alerts of one group. A value.
struct notification {
    std::string id; ///< the same however often it is handed over: a receiver that has seen it drops it
    wall_time time{};
    label_set group; ///< the labels that its alerts have in common
    std::vector<alert_news> news;
};

/// A receiver, and which alerts it is told of. A value.
struct route {
    std::string name;                      ///< unique; what waits for it outlives the process under this name
    severity at_least = severity::info;    ///< less is not told of
    std::vector<label_matcher> matchers{}; ///< all must match the labels of an alert
};

} // namespace orfeas::inline v0::alert
