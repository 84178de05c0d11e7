// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/matcher_text.hpp>
#include <orfeas/alert/silence.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/observe/alert_watch.hpp>
#include <orfeas/serve/alert_json.hpp>
#include <orfeas/serve/detail/json_body.hpp>
#include <orfeas/serve/detail/parameters.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// The answers of the HTTP API about alerts: which there are, what became of others, and what an operator does about them.
/// Their time is that of the frames.

namespace orfeas::inline v0::serve {

/// A source that has alerts: `alerts()`, from any thread.
template<class S>
concept alerting_source = requires(S& s, S const& c) {
    { s.alerts() } -> std::same_as<observe::alert_watch&>;
    { c.alerts() } -> std::same_as<observe::alert_watch const&>;
};

/// The largest body of an operator's action.
inline constexpr std::uint64_t most_alert_body_bytes = 32'768;

/// GET /api/v1/alerts/active?limit=N: the alerts that fire or wait to, the worst first, and how many there are.
inline http::response active_alerts(observe::alert_watch const& watch, http::request const& q) {
    auto const limit = detail::number_parameter(q, "limit", 1, 100'000, 1'000);
    std::string text;
    json_writer json{text};
    json.begin_object().member("time", unix_seconds(watch.now()));
    detail::write_active(json, watch.alerts(), limit);
    json.end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/alerts/rules: the rules, how many alerts each has, and why one cannot be applied.
inline http::response alert_rules(observe::alert_watch const& watch) {
    std::string text;
    json_writer json{text};
    json.begin_object().key("rules").begin_array();
    for (auto const& each : watch.status()) {
        write_rule(json, each);
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/alerts/history?after=NUMBER&limit=N: what happened to alerts after an event, the newest last; at most so much,
/// the newest of it.
inline http::response alert_history(observe::alert_watch const& watch, http::request const& q) {
    auto const after = detail::number_parameter(q, "after", 0, UINT64_MAX, 0);
    auto const limit = detail::number_parameter(q, "limit", 1, 10'000, 100);
    std::string text;
    json_writer json{text};
    json.begin_object().key("events").begin_array();
    for (auto const& each : watch.events(after, limit)) {
        write_event(json, each);
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

namespace detail {

constexpr std::size_t longest_author = 100;
constexpr std::size_t longest_comment = 1'000;
constexpr std::size_t longest_label = 1'000;
constexpr std::size_t longest_matchers = 4'000; // as one text
constexpr std::size_t most_matchers = 20;
constexpr double a_week = 604'800;
constexpr double a_year = 31'536'000;
constexpr double latest = 4e9; // Unix seconds

/// What acts on a time needs one.
inline wall_time time_of(observe::alert_watch const& watch) {
    auto const now = watch.now();
    if (now == wall_time{}) {
        throw http::problem_error{http::problem{http::status::service_unavailable}
                                      .detail("No frame has been taken yet: ask again in a second.")
                                      .set("retry-after", "1")};
    }
    return now;
}

inline wall_time::duration seconds_of(double seconds) {
    return std::chrono::duration_cast<wall_time::duration>(std::chrono::duration<double>{seconds});
}

/// The fingerprint that a path names. Throws http::problem_error (404).
inline std::uint64_t asked_alert(http::request const& q) {
    auto const found = alert::fingerprint_from(q.path_parameter("id"));
    if (!found) {
        throw refused("id", "No alert has such an id.", "16 hexadecimal digits", http::status::not_found);
    }
    return *found;
}

/// Why an alert cannot be acknowledged: it waits, or is not there any more.
inline http::problem_error not_firing(observe::alert_watch const& watch, std::uint64_t fingerprint) {
    auto const all = watch.alerts();
    bool const waits =
        std::any_of(all.begin(), all.end(), [&](auto const& each) { return each.fingerprint == fingerprint; });
    return waits ? refused("id", "The alert does not fire yet.", "an alert that fires", http::status::conflict)
                 : refused("id", "No such alert fires.", "an alert of /api/v1/alerts/active", http::status::not_found);
}

} // namespace detail

/// POST /api/v1/alerts/{id}/acknowledge {"author","comment","duration_seconds"}: somebody is at an alert that fires, for an hour
/// unless it says otherwise; until then nobody else is told of it.
inline http::response acknowledge_alert(observe::alert_watch& watch, http::request const& q) {
    auto const fingerprint = detail::asked_alert(q);
    detail::json_body const asked{q, {"author", "comment", "duration_seconds"}};
    alert::acknowledgement made;
    made.author = asked.needed_line("author", detail::longest_author);
    made.comment = asked.text("comment", detail::longest_comment);
    made.at = detail::time_of(watch);
    made.until = made.at + detail::seconds_of(asked.number("duration_seconds", 1, detail::a_week).value_or(3'600));
    try {
        if (!watch.acknowledge(fingerprint, made.author, made.comment, made.until)) {
            throw detail::not_firing(watch, fingerprint);
        }
    } catch (std::invalid_argument const& error) { // a frame came in between, and the time is over
        throw detail::refused("duration_seconds", error.what(), "longer than a frame takes to come");
    }
    std::string text;
    json_writer json{text};
    json.begin_object().member("id", alert::alert_id(fingerprint)).key("acknowledged");
    detail::write_acknowledgement(json, made);
    json.end_object();
    return detail::fresh_json(std::move(text));
}

/// DELETE /api/v1/alerts/{id}/acknowledge?author=NAME: takes it back.
inline http::response withdraw_acknowledgement(observe::alert_watch& watch, http::request const& q) {
    auto const author = q.parameter("author").value_or("an operator");
    if (author.size() > detail::longest_author || !detail::is_line(author)) {
        throw detail::refused("author", "author is too long, or is not one line.",
                              "a line of at most " + std::to_string(detail::longest_author) + " bytes");
    }
    if (!watch.unacknowledge(detail::asked_alert(q), author)) {
        throw detail::refused("id", "No such alert is acknowledged.", "an alert that is acknowledged",
                              http::status::not_found);
    }
    return http::response{http::status::no_content};
}

/// GET /api/v1/silences: those that apply, and those to come.
inline http::response silences(observe::alert_watch const& watch) {
    auto const now = watch.now();
    std::string text;
    json_writer json{text};
    json.begin_object().key("silences").begin_array();
    for (auto const& each : watch.silences()) {
        write_silence(json, each, now);
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

namespace detail {

inline http::problem_error no_matchers(std::string_view why) {
    return refused("matchers", why,
                   R"(a text such as {alertname="cpu_overload"}, or a list of {"name","value","isRegex","isEqual"})");
}

/// A matcher as Alertmanager's API has it: {"name","value","isRegex","isEqual"}, the last two false and true unless given.
inline alert::label_matcher matcher_from(nlohmann::json const& from) {
    constexpr std::string_view known[] = {"name", "value", "isRegex", "isEqual"};
    bool flags[] = {false, true};
    std::string texts[2];
    if (!from.is_object()) {
        throw no_matchers("A matcher is no object.");
    }
    for (auto const& [name, value] : from.items()) {
        auto const at = std::find(std::begin(known), std::end(known), name) - std::begin(known);
        bool const is_text = at < 2 && value.is_string();
        if (!is_text && !(at >= 2 && at < 4 && value.is_boolean())) {
            throw no_matchers("A matcher has a member that is unknown or of another type.");
        }
        if (is_text) {
            texts[at] = value;
        } else {
            flags[at - 2] = value;
        }
    }
    if (texts[0].size() > longest_label || texts[1].size() > longest_label) {
        throw no_matchers("A matcher is longer than " + std::to_string(longest_label) + " bytes.");
    }
    using enum alert::match_kind;
    auto const kind = flags[0] ? (flags[1] ? pattern : not_pattern) : (flags[1] ? equal : not_equal);
    return {std::move(texts[0]), kind, std::move(texts[1])};
}

/// The matchers of a silence, as a list or a text.
inline std::vector<alert::label_matcher> asked_matchers(json_body const& asked) {
    auto const* const given = asked.find("matchers");
    if (given == nullptr) {
        throw no_matchers("matchers are missing.");
    }
    std::vector<alert::label_matcher> made;
    try {
        if (given->is_string()) {
            made = alert::matchers_from(asked.text("matchers", longest_matchers));
        } else if (given->is_array() && given->size() <= most_matchers) {
            for (auto const& each : *given) {
                made.push_back(matcher_from(each));
            }
        }
    } catch (std::invalid_argument const& why) { // a pattern, or the text's syntax
        throw no_matchers(why.what());
    }
    if (made.empty() || made.size() > most_matchers) {
        throw no_matchers("matchers are no text and no list of 1 to " + std::to_string(most_matchers) + ".");
    }
    if (std::all_of(made.begin(), made.end(), [](auto const& each) { return each.matches({}); })) {
        throw no_matchers("All matchers match an empty value: they would silence every alert.");
    }
    return made;
}

/// From when and until when. Throws http::problem_error (400).
inline void take_times(json_body const& asked, wall_time now, alert::silence& into) {
    auto const begin = asked.number("starts_at", 0, latest);
    auto const end = asked.number("ends_at", 0, latest);
    auto const lasts = asked.number("duration_seconds", 1, a_year);
    if (end.has_value() == lasts.has_value()) {
        throw refused("ends_at", "When it ends is not said, or said twice.", "either ends_at or duration_seconds");
    }
    into.begin = begin ? wall_time{seconds_of(*begin)} : now;
    into.end = end ? wall_time{seconds_of(*end)} : into.begin + seconds_of(*lasts);
    if (into.end <= into.begin || into.end <= now) {
        throw refused(end ? "ends_at" : "duration_seconds", "It would end before it begins, or before now.",
                      "an end after its beginning and after now, in seconds since the Unix epoch");
    }
}

} // namespace detail

/// POST /api/v1/silences {"matchers","author","comment","starts_at","ends_at" or "duration_seconds"}: nobody is told of the
/// alerts that match, from now on or from the beginning that is given. 201 with the silence and its id.
inline http::response add_silence(observe::alert_watch& watch, http::request const& q) {
    detail::json_body const asked{q, {"matchers", "author", "comment", "starts_at", "ends_at", "duration_seconds"}};
    auto const now = detail::time_of(watch);
    alert::silence made;
    made.matchers = detail::asked_matchers(asked);
    made.author = asked.needed_line("author", detail::longest_author);
    made.comment = asked.text("comment", detail::longest_comment);
    detail::take_times(asked, now, made);
    try {
        made.id = watch.add(made);
    } catch (std::invalid_argument const& why) { // too many
        throw http::problem_error{http::problem{http::status::conflict}.detail(why.what())};
    }
    std::string text;
    json_writer json{text};
    write_silence(json, made, now);
    http::response answer{http::status::created, "application/json", std::move(text)};
    return answer.set("location", "silences/" + std::to_string(made.id)).set("cache-control", "no-store");
}

/// DELETE /api/v1/silences/{id}: ends it.
inline http::response end_silence(observe::alert_watch& watch, http::request const& q) {
    auto const id = q.path_parameter("id");
    std::uint64_t number = 0;
    auto const [rest, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    bool const is_number = error == std::errc{} && rest == id.data() + id.size();
    if (!is_number || !watch.remove_silence(number)) {
        throw detail::refused("id", "There is no such silence.", "the id of one of /api/v1/silences",
                              http::status::not_found);
    }
    return http::response{http::status::no_content};
}

} // namespace orfeas::inline v0::serve
