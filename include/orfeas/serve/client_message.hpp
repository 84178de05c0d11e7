// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/serve/metric_filter.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::serve {

/// Applies one message of a WebSocket client to its filter: {"type":"subscribe"|"unsubscribe","metrics":["name",…]}.
/// Empty when done; else a sentence for the client, and the filter is as it was.
inline std::optional<std::string> apply_client_message(std::string_view text, metric_filter& filter) {
    constexpr std::size_t most_names = 10'000;
    auto const message = nlohmann::json::parse(text, nullptr, false);
    if (!message.is_object()) {
        return "a message is a JSON object with the members type and metrics";
    }
    auto const type = message.find("type");
    bool const subscribes = type != message.end() && *type == "subscribe";
    if (!subscribes && (type == message.end() || *type != "unsubscribe")) {
        return "type must be 'subscribe' or 'unsubscribe'";
    }
    auto const metrics = message.find("metrics");
    if (metrics == message.end() || !metrics->is_array() || metrics->size() > most_names) {
        return "metrics must be an array of at most 10000 metric names or series keys, or [\"*\"]";
    }
    std::vector<std::string_view> names;
    for (auto const& each : *metrics) {
        if (!each.is_string()) {
            return "metrics must hold strings only";
        }
        names.push_back(each.get_ref<std::string const&>());
    }
    for (auto const name : names) {
        subscribes ? filter.subscribe(name) : filter.unsubscribe(name);
    }
    return std::nullopt;
}

/// The answer to a message that could not be applied: {"type":"error","detail":"…"}.
inline std::string error_message(std::string_view detail) {
    std::string text;
    json_writer json{text};
    json.begin_object().member("type", "error").member("detail", detail).end_object();
    return text;
}

} // namespace orfeas::inline v0::serve
