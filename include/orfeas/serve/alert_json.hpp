// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/evaluator.hpp>
#include <orfeas/alert/event.hpp>
#include <orfeas/alert/expression.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/alert/silence.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/json.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Alerts, their rules, their history and silences as JSON, for the API and for the WebSocket's frames.

namespace orfeas::inline v0::serve {

namespace detail {

inline void write_labels(json_writer& json, std::string_view name, alert::label_set const& labels) {
    json.key(name).begin_object();
    for (auto const& [label, value] : labels) {
        json.member(label, value);
    }
    json.end_object();
}

inline void write_acknowledgement(json_writer& json, alert::acknowledgement const& of) {
    json.begin_object().member("author", of.author).member("comment", of.comment);
    json.member("at", unix_seconds(of.at)).member("until", unix_seconds(of.until)).end_object();
}

inline void write_matcher(json_writer& json, alert::label_matcher const& of) {
    auto const kind = of.kind();
    json.begin_object().member("name", of.name()).member("value", of.value());
    json.member("isRegex", kind == alert::match_kind::pattern || kind == alert::match_kind::not_pattern);
    json.member("isEqual", kind == alert::match_kind::equal || kind == alert::match_kind::pattern).end_object();
}

inline void write_levels(json_writer& json, std::vector<alert::level> const& levels) {
    json.key("levels").begin_array();
    for (auto const& each : levels) {
        json.begin_object().member("severity", alert::to_string(each.at)).member("threshold", each.threshold);
        json.key("clear");
        write_json(json, each.clear);
        json.end_object();
    }
    json.end_array();
}

} // namespace detail

inline void write_alert(json_writer& json, alert::active_alert const& of) {
    json.begin_object().member("id", alert::alert_id(of.fingerprint)).member("rule", of.rule);
    detail::write_labels(json, "labels", of.labels);
    detail::write_labels(json, "annotations", of.annotations);
    json.member("state", alert::to_string(of.state)).member("severity", alert::to_string(of.at));
    json.member("value", of.value).member("threshold", of.threshold).member("reason", of.reason);
    json.member("active_at", unix_seconds(of.active_at)).key("fired_at");
    write_json(json, of.fired_at);
    json.key("ended_at");
    write_json(json, of.ended_at);
    json.member("is_recovering", of.is_recovering).member("is_silenced", of.is_silenced);
    json.member("is_inhibited", of.is_inhibited).key("acknowledged");
    if (of.acknowledged) {
        detail::write_acknowledgement(json, *of.acknowledged);
    } else {
        json.null();
    }
    json.end_object();
}

inline void write_event(json_writer& json, alert::alert_event const& of) {
    json.begin_object().member("number", of.number).member("time", unix_seconds(of.time));
    json.member("kind", alert::to_string(of.kind)).member("reason", of.reason).key("alert");
    write_alert(json, of.alert);
    json.end_object();
}

/// A rule with what has come of it, and the metrics that it looks at.
inline void write_rule(json_writer& json, alert::rule_status const& of) {
    auto const& rule = of.rule;
    json.begin_object().member("name", rule.name).member("group", rule.group).member("expr", rule.expr);
    json.key("metrics");
    write_json(json, alert::expression{rule.expr}.metrics());
    json.member("severity", alert::to_string(rule.at));
    json.member("bad", std::string_view{rule.bad == alert::bad_side::above ? "above" : "below"});
    detail::write_levels(json, rule.levels);
    json.key("pending_for_seconds");
    write_json(json, rule.pending_for);
    json.key("keep_firing_for_seconds");
    write_json(json, rule.keep_firing_for);
    json.member("is_enabled", rule.is_enabled).member("series", of.series).member("pending", of.pending);
    json.member("firing", of.firing).member("problem", of.problem).end_object();
}

/// With its matchers as Alertmanager writes them, and as one text.
inline void write_silence(json_writer& json, alert::silence const& of, wall_time now) {
    json.begin_object().member("id", of.id).key("matchers").begin_array();
    for (auto const& each : of.matchers) {
        detail::write_matcher(json, each);
    }
    json.end_array().member("text", alert::to_string(of.matchers)).member("author", of.author);
    json.member("comment", of.comment).member("starts_at", unix_seconds(of.begin));
    json.member("ends_at", unix_seconds(of.end)).member("applies", of.applies(now)).end_object();
}

namespace detail {

/// "firing": how many by severity, "pending": how many, "active": the first `most` of them; members of an object.
inline void write_active(json_writer& json, std::vector<alert::active_alert> const& all, std::size_t most) {
    using enum alert::severity;
    std::array<std::uint64_t, 3> firing{};
    std::uint64_t pending = 0;
    for (auto const& each : all) {
        ++(each.state == alert::alert_state::firing ? firing[static_cast<std::size_t>(each.at)] : pending);
    }
    json.key("firing").begin_object();
    for (auto const at : {info, warning, critical}) {
        json.member(alert::to_string(at), firing[static_cast<std::size_t>(at)]);
    }
    json.end_object().member("pending", pending).key("active").begin_array();
    for (auto const& each : all) {
        if (most-- == 0) {
            break;
        }
        write_alert(json, each);
    }
    json.end_array();
}

} // namespace detail

/// What a frame tells of alerts, as members of an object without its braces: how many fire and wait, and the worst of them.
/// `all` is the worst first.
inline std::string frame_alerts(std::vector<alert::active_alert> const& all) {
    constexpr std::size_t most = 100; // a frame a second goes to each client
    std::string text;
    json_writer json{text};
    json.begin_object().key("alerts").begin_object();
    detail::write_active(json, all, most);
    json.end_object().end_object();
    return text.substr(1, text.size() - 2);
}

} // namespace orfeas::inline v0::serve
