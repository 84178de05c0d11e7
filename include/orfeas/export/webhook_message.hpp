// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/rfc3339.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// The `version` of the messages of webhooks: another number says that a receiver must be changed. Members may be added under
/// the same number.
inline constexpr int webhook_version = 1;

namespace detail {

inline void put_labels(json_writer& out, alert::label_set const& labels) {
    out.begin_object();
    for (auto const& [name, value] : labels) {
        out.member(name, value);
    }
    out.end_object();
}

inline void put_moment(json_writer& out, std::string_view name, std::optional<wall_time> at) {
    out.key(name);
    if (at) {
        out.value(rfc3339(*at));
    } else {
        out.null();
    }
}

inline void put_alert(json_writer& out, alert::active_alert const& of) {
    out.begin_object();
    out.member("id", alert::alert_id(of.fingerprint)).member("rule", of.rule);
    put_labels(out.key("labels"), of.labels);
    put_labels(out.key("annotations"), of.annotations);
    out.member("state", to_string(of.state)).member("severity", to_string(of.at));
    out.member("value", of.value).member("threshold", of.threshold);
    put_moment(out, "active_at", of.active_at);
    put_moment(out, "fired_at", of.fired_at);
    put_moment(out, "ended_at", of.ended_at);
    out.end_object();
}

inline std::string news_json(alert::alert_news const& of) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.member("kind", to_string(of.kind)).member("reason", of.reason);
    put_alert(out.key("alert"), of.alert);
    out.end_object();
    return text;
}

} // namespace detail

/// A notification as a webhook posts it.
struct webhook_message {
    std::string body;         ///< JSON
    std::size_t left_out = 0; ///< news that had no room
};

/// Writes a notification as JSON of at most `most_bytes` (of 1 KiB or more): news that have no room are left out, and counted
/// as `left_out`. Moments are RFC 3339, values that are no number null.
///
///     {"version":1, "id":"…", "time":"…", "group":{"alertname":"…"}, "news":[{"kind":"fired", "reason":"…",
///      "alert":{"id":"…", "rule":"…", "labels":{…}, "annotations":{…}, "state":"firing", "severity":"critical",
///               "value":96, "threshold":95, "active_at":"…", "fired_at":"…", "ended_at":null}}], "left_out":0}
inline webhook_message webhook_message_of(alert::notification const& told, std::size_t most_bytes) {
    constexpr std::size_t closing = 64; // for `left_out` and brackets
    webhook_message made;
    std::string group;
    json_writer of_group{group};
    detail::put_labels(of_group, told.group);
    json_writer out{made.body};
    out.begin_object().member("version", webhook_version).member("id", told.id).member("time", rfc3339(told.time));
    out.key("group").raw(group.size() + made.body.size() + closing > most_bytes ? "{}" : std::string_view{group});
    out.key("news").begin_array();
    for (auto const& each : told.news) {
        auto const json = detail::news_json(each);
        if (made.body.size() + json.size() + closing > most_bytes) {
            ++made.left_out;
        } else {
            out.raw(json);
        }
    }
    out.end_array().member("left_out", made.left_out).end_object();
    return made;
}

} // namespace orfeas::inline v0::exporting
