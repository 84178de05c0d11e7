// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/csv.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/serve/metric_filter.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

/// The observed frames as text: WebSocket messages, JSON columns, CSV.

namespace orfeas::inline v0::serve {

namespace detail {

/// {"seq":[…],"timestamp":[…],"data":{"<key>":[…],…}}: one array a column, oldest first, frames after `since` only.
inline void write_columns(json_writer& json, observe::history const& from, std::uint64_t since,
                          metric_filter const& filter) {
    std::uint64_t const first = std::max(from.first_seq(), since + 1);
    std::uint64_t const last = from.last_seq();
    json.begin_object().key("seq").begin_array();
    for (auto seq = first; seq <= last; ++seq) {
        json.value(seq);
    }
    json.end_array().key("timestamp").begin_array();
    for (auto seq = first; seq <= last; ++seq) {
        json.value(unix_seconds(from.time(seq)));
    }
    json.end_array().key("data").begin_object();
    from.for_each([&](observe::series const& about, auto const& at) {
        if (!filter.wants(about)) {
            return;
        }
        json.key(about.key).begin_array();
        for (auto seq = first; seq <= last; ++seq) {
            json.value(at(seq));
        }
        json.end_array();
    });
    json.end_object().end_object();
}

} // namespace detail

/// Which of the kept frames a message carries beside the newest.
struct backfill {
    bool wanted = false;
    std::uint64_t since = 0; ///< the newest frame that the client already has
};

/// The part of a WebSocket message of type metrics_update that all clients with the same filter share: the newest frame
/// of `from`, which is not empty, and "history": the kept frames as columns when wanted, else null. `boot_id` names this
/// run of the service, so that a client knows whether its sequence numbers still hold. `insights` is what the frame tells
/// besides: members of a JSON object.
inline std::string frame_tail(observe::history const& from, metric_filter const& filter, std::string_view boot_id,
                              backfill earlier = {}, std::string_view insights = {}) {
    std::uint64_t const seq = from.last_seq();
    std::string text;
    json_writer json{text};
    json.begin_object().member("seq", seq).member("boot_id", boot_id);
    json.member("timestamp", unix_seconds(from.time(seq))).key("data").begin_object();
    from.for_each([&](observe::series const& about, auto const& at) {
        if (filter.wants(about)) {
            json.member(about.key, at(seq));
        }
    });
    json.end_object().key("history");
    if (earlier.wanted) {
        detail::write_columns(json, from, earlier.since, filter);
    } else {
        json.null();
    }
    json.end_object();
    text.front() = ','; // the tail of an object that frame_message begins
    if (!insights.empty()) {
        text.back() = ',';
        text.append(insights).push_back('}');
    }
    return text;
}

/// A whole message: what is particular to one client, then the shared part. `skipped` counts the messages that this
/// client was too slow for.
inline std::string frame_message(std::uint64_t skipped, std::string_view tail) {
    std::string text = R"({"type":"metrics_update","skipped":)" + std::to_string(skipped);
    return text.append(tail);
}

/// The kept frames after `since` as JSON: the columns of write_columns and the boot id.
inline std::string history_json(observe::history const& from, std::uint64_t since, std::string_view boot_id) {
    std::string text;
    json_writer json{text};
    json.begin_object().member("boot_id", boot_id).key("history");
    detail::write_columns(json, from, since, {});
    json.end_object();
    return text;
}

/// The kept frames after `since` as CSV (RFC 4180): a header, then one row a frame: seq, timestamp (seconds since the
/// Unix epoch), and one column a series, empty where it had no value.
inline std::string history_csv(observe::history const& from, std::uint64_t since) {
    std::string text = "seq,timestamp";
    from.for_each([&](observe::series const& about, auto const&) {
        text.push_back(',');
        append_csv(text, about.key);
    });
    text.append("\r\n");
    for (auto seq = std::max(from.first_seq(), since + 1); seq <= from.last_seq(); ++seq) {
        text.append(std::to_string(seq)).push_back(',');
        append_csv(text, unix_seconds(from.time(seq)));
        from.for_each([&](observe::series const&, auto const& at) {
            text.push_back(',');
            append_csv(text, at(seq));
        });
        text.append("\r\n");
    }
    return text;
}

/// Every known series with its meaning and newest value: {"series":[{"key","name","labels","kind","unit","help","value"}]}.
inline std::string series_json(observe::history const& from) {
    std::string text;
    json_writer json{text};
    json.begin_object().key("series").begin_array();
    from.for_each([&](observe::series const& about, auto const& at) {
        json.begin_object().member("key", about.key).member("name", about.name);
        json.key("labels").begin_object();
        for (auto const& [name, value] : about.labels) {
            json.member(name, value);
        }
        json.end_object().member("kind", to_string(about.kind)).member("unit", to_string(about.unit));
        json.member("help", about.help).member("value", at(from.last_seq())).end_object();
    });
    json.end_array().end_object();
    return text;
}

} // namespace orfeas::inline v0::serve
