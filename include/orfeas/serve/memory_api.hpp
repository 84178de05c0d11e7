// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/memory/memory_report.hpp>
#include <orfeas/memory/timeline_svg.hpp>
#include <orfeas/observe/memory_watch.hpp>
#include <orfeas/serve/detail/parameters.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The answers of the HTTP API about memory: plain functions from the pools under watch and the request to a response.

namespace orfeas::inline v0::serve {

namespace detail {

/// The pools that a request asks about: the one that its parameter `pool` names, else all.
/// Throws http::problem_error (404) when none has that name.
inline std::vector<std::string> asked_pools(observe::memory_watch const& watch, http::request const& q) {
    auto all = watch.names();
    auto const name = q.parameter("pool");
    if (!name) {
        return all;
    }
    for (auto const& each : all) {
        if (each == *name) {
            return {each};
        }
    }
    std::string known;
    for (auto const& each : all) {
        known += (known.empty() ? "" : ", ") + each;
    }
    throw http::problem_error{http::problem{http::status::not_found}
                                  .detail("No pool of this name is watched.")
                                  .field("pool")
                                  .allowed(known.empty() ? "no pool is watched" : known)};
}

inline void write_recommendation(json_writer& json, memory::recommendation const& advice) {
    json.begin_object().member("advice", to_string(advice.advice)).member("text", to_text(advice));
    json.member("figure", advice.figure).member("mark", advice.mark).end_object();
}

inline void write_tag(json_writer& json, memory::tag_profile const& tag) {
    json.begin_object().member("name", tag.name).member("current_bytes", tag.current_bytes);
    json.member("peak_bytes", tag.peak_bytes).member("allocations", tag.allocations);
    json.member("allocations_total", tag.allocations_total).end_object();
}

/// One pool: what it holds now, how it has fared, what to do about it, and for whom it holds most.
inline void write_memory(json_writer& json, observe::memory_view const& view, std::size_t most_tags) {
    auto const& [now, report] = view;
    json.begin_object().member("name", now.name).member("device", now.device);
    json.member("has_history", report.current.has_value() || report.cleanups_total > 0);
    json.member("summary", to_text(report)).key("profile");
    write_json(json, now.profile);
    json.key("fragmentation");
    write_json(json, report.fragmentation);
    json.member("trend", to_string(report.trend)).key("cleanups");
    write_json(json, report.cleanups);
    json.member("cleanups_total", report.cleanups_total).member("total_freed_bytes", report.total_freed_bytes);
    json.key("recommendations").begin_array();
    for (auto const& each : report.recommendations) {
        write_recommendation(json, each);
    }
    json.end_array().key("tags").begin_array();
    for (std::size_t i = 0; i < now.tags.size() && i < most_tags; ++i) {
        write_tag(json, now.tags[i]);
    }
    json.end_array().end_object();
}

} // namespace detail

/// GET /api/v1/memory/report?pool=NAME&tags=N: the pools under watch, or one of them: the present profile, the history of
/// fragmentation, trend and cleanups ("no history" before the first frame), recommendations, and the tags that hold most.
inline http::response memory_report(observe::memory_watch const& watch, http::request const& q) {
    auto const most_tags = detail::number_parameter(q, "tags", 0, 1000, 10);
    std::string text;
    json_writer json{text};
    json.begin_object().key("pools").begin_array();
    for (auto const& name : detail::asked_pools(watch, q)) {
        if (auto const view = watch.view(name)) { // its watch may have ended meanwhile
            detail::write_memory(json, *view, static_cast<std::size_t>(most_tags));
        }
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

/// GET /api/v1/memory/timeline.svg?pool=NAME&width=PX&height=PX: a picture of what a pool has held, by tag; without a name,
/// of the first one. What came before the events that the pool keeps (pool_options::event_capacity) is a flat line.
inline http::response memory_timeline(observe::memory_watch const& watch, http::request const& q) {
    memory::picture_size size;
    size.width = static_cast<std::uint32_t>(detail::number_parameter(q, "width", 320, 4096, size.width));
    size.height = static_cast<std::uint32_t>(detail::number_parameter(q, "height", 240, 4096, size.height));
    auto const names = detail::asked_pools(watch, q);
    auto const snapshot = names.empty() ? std::nullopt : watch.snapshot(names.front());
    if (!snapshot) {
        return http::problem{http::status::not_found}.detail("No pool is watched.");
    }
    http::response answer{http::status::ok, "image/svg+xml", memory::timeline_svg(*snapshot, size)};
    return answer.set("cache-control", "no-store").set("content-security-policy", "default-src 'none'");
}

} // namespace orfeas::inline v0::serve
