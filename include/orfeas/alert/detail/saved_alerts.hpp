// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/event.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/records.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace orfeas::inline v0::alert::detail {

// How alerts lie in saved bytes. What is taken from damaged bytes is sound, if not what was put: the reader says that it failed.

inline void put_time(record_writer& out, wall_time of) {
    out.number(static_cast<std::int64_t>(of.time_since_epoch().count()));
}
inline wall_time take_time(record_reader& in) {
    return wall_time{wall_time::duration{in.number<std::int64_t>()}};
}

inline void put_time(record_writer& out, std::optional<wall_time> of) {
    out.number(of.has_value());
    put_time(out, of.value_or(wall_time{}));
}
inline std::optional<wall_time> take_optional_time(record_reader& in) {
    bool const is_there = in.number<std::uint8_t>() != 0;
    auto const time = take_time(in);
    return is_there ? std::optional{time} : std::nullopt;
}

/// A number of an enumeration whose last enumerator is `last`.
template<class Enum>
Enum take_enum(record_reader& in, Enum last) {
    auto const number = in.number<std::uint8_t>();
    return number <= static_cast<std::uint8_t>(last) ? static_cast<Enum>(number) : last;
}

inline void put_labels(record_writer& out, label_set const& of) {
    out.number(static_cast<std::uint32_t>(of.size()));
    for (auto const& [name, value] : of) {
        out.text(name);
        out.text(value);
    }
}
inline label_set take_labels(record_reader& in) {
    label_set made;
    for (auto count = in.number<std::uint32_t>(); count > 0 && in.good(); --count) {
        auto name = in.text();
        auto value = in.text();
        set_label(made, name, value);
    }
    return made;
}

inline void put_acknowledgement(record_writer& out, acknowledgement const& of) {
    out.text(of.author);
    out.text(of.comment);
    put_time(out, of.at);
    put_time(out, of.until);
    out.number(of.up_to);
}
inline acknowledgement take_acknowledgement(record_reader& in) {
    acknowledgement made;
    made.author = in.text();
    made.comment = in.text();
    made.at = take_time(in);
    made.until = take_time(in);
    made.up_to = take_enum(in, severity::critical);
    return made;
}

inline void put_alert(record_writer& out, active_alert const& of) {
    out.number(of.fingerprint);
    out.text(of.rule);
    put_labels(out, of.labels);
    put_labels(out, of.annotations);
    out.number(of.state);
    out.number(of.at);
    out.text(of.reason);
    out.number(of.value);
    out.number(of.threshold);
    put_time(out, of.active_at);
    put_time(out, of.fired_at);
    put_time(out, of.ended_at);
    out.number(of.is_recovering);
    out.number(of.is_silenced);
    out.number(of.is_inhibited);
    out.number(of.acknowledged.has_value());
    if (of.acknowledged) {
        put_acknowledgement(out, *of.acknowledged);
    }
}
inline active_alert take_alert(record_reader& in) {
    active_alert made;
    made.fingerprint = in.number<std::uint64_t>();
    made.rule = in.text();
    made.labels = take_labels(in);
    made.annotations = take_labels(in);
    made.state = take_enum(in, alert_state::resolved);
    made.at = take_enum(in, severity::critical);
    made.reason = in.text();
    made.value = in.number<double>();
    made.threshold = in.number<double>();
    made.active_at = take_time(in);
    made.fired_at = take_optional_time(in);
    made.ended_at = take_optional_time(in);
    made.is_recovering = in.number<std::uint8_t>() != 0;
    made.is_silenced = in.number<std::uint8_t>() != 0;
    made.is_inhibited = in.number<std::uint8_t>() != 0;
    if (in.number<std::uint8_t>() != 0) {
        made.acknowledged = take_acknowledgement(in);
    }
    return made;
}

inline void put_news(record_writer& out, alert_news const& of) {
    out.number(of.kind);
    out.number(of.worst);
    out.text(of.reason);
    put_alert(out, of.alert);
}
inline alert_news take_news(record_reader& in) {
    alert_news made;
    made.kind = take_enum(in, news_kind::resolved);
    made.worst = take_enum(in, severity::critical);
    made.reason = in.text();
    made.alert = take_alert(in);
    return made;
}

inline void put_event(record_writer& out, alert_event const& of) {
    out.number(of.number);
    put_time(out, of.time);
    out.number(of.kind);
    out.text(of.reason);
    put_alert(out, of.alert);
}
inline alert_event take_event(record_reader& in) {
    alert_event made;
    made.number = in.number<std::uint64_t>();
    made.time = take_time(in);
    made.kind = take_enum(in, event_kind::silence_over);
    made.reason = in.text();
    made.alert = take_alert(in);
    return made;
}

} // namespace orfeas::inline v0::alert::detail
