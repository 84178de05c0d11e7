// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/invalidation_report.hpp>
#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/stats.hpp>
#include <orfeas/cache/tiered_stats.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe/cache_watch.hpp>
#include <orfeas/serve/detail/clear_cache.hpp>
#include <orfeas/serve/detail/parameters.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The answers of the HTTP API about caches: from the caches under watch and the request to a response.

namespace orfeas::inline v0::serve {

namespace detail {

/// The caches that a request asks about: the one that its parameter `name` names, else all.
/// Throws http::problem_error (404) when none has that name.
inline std::vector<std::string> asked_caches(observe::cache_watch const& watch, http::request const& q) {
    auto all = watch.names();
    auto const name = q.parameter("name");
    if (!name) {
        return all;
    }
    std::string known;
    for (auto const& each : all) {
        if (each == *name) {
            return {each};
        }
        known += (known.empty() ? "" : ", ") + each;
    }
    throw http::problem_error{http::problem{http::status::not_found}
                                  .detail("No cache of this name is watched.")
                                  .field("name")
                                  .allowed(known.empty() ? "no cache is watched" : known)};
}

inline void write_cache_node(json_writer& json, cache::redis::node_report const& node) {
    json.begin_object().member("name", node.name).member("is_primary", node.is_primary);
    json.member("trouble", observe::trouble_of(node));
    cache::redis::connection_stats::fields(node.connection,
                                           [&](std::string_view name, auto const& value, auto const&...) {
                                               json.key(name);
                                               write_json(json, value);
                                           });
    json.end_object();
}

inline void write_local_tier(json_writer& json, cache::cache_stats const& local) {
    json.begin_object();
    cache::cache_stats::fields(local, [&](std::string_view name, auto const& value, auto const&...) {
        json.key(name);
        write_json(json, value);
    });
    json.key("windows");
    write_json(json, local.windows);
    json.end_object();
}

/// Whether a figure says nothing of a cache without servers.
constexpr bool is_of_servers(std::string_view figure) noexcept {
    return figure.starts_with("l2_") || figure == "invalidations" || figure == "epochs" || figure == "pending_writes" ||
           figure == "dropped_writes";
}

/// One cache: its figures since it was made, its local tier, its servers.
inline void write_cache(json_writer& json, observe::cache_report const& report) {
    auto const& stats = report.stats;
    json.begin_object().member("name", report.name).member("can_clear", report.can_clear);
    json.key("tiers").begin_array().value("l1");
    if (stats.has_l2) {
        json.value("l2");
    }
    json.end_array();
    cache::tiered_stats::fields(stats, [&](std::string_view name, auto const& value, auto const&...) {
        if (stats.has_l2 || !is_of_servers(name)) {
            json.key(name);
            write_json(json, value);
        }
    });
    json.key("l1");
    write_local_tier(json, stats.l1);
    if (stats.has_l2) {
        json.key("nodes").begin_array();
        for (auto const& node : stats.nodes) {
            write_cache_node(json, node);
        }
        json.end_array();
    }
    json.end_object();
}

/// Why a cache that was asked for by name is not cleared.
inline http::problem not_cleared(observe::clearing_outcome outcome) {
    switch (outcome) {
    case observe::clearing_outcome::no_patterns:
        return http::problem{http::status::bad_request}
            .detail("The keys of this cache are no text that a pattern could match.")
            .field("pattern")
            .allowed("left out, to clear all of it");
    case observe::clearing_outcome::not_offered:
        return http::problem{http::status::conflict}.detail("This cache is watched and not cleared.").field("name");
    default:
        return http::problem{http::status::not_found}.detail("The cache is not watched any more.").field("name");
    }
}

inline std::string_view reason_of(observe::clearing_outcome outcome) noexcept {
    return outcome == observe::clearing_outcome::no_patterns ? "its keys are no text" : "it is watched and not cleared";
}

/// The parameter `pattern`, empty when it is not given. Throws http::problem_error (400) when it is given and empty.
inline std::string asked_pattern(http::request const& q) {
    auto const given = q.parameter("pattern");
    if (given && given->empty()) {
        throw http::problem_error{http::problem{http::status::bad_request}
                                      .detail("pattern is empty.")
                                      .field("pattern")
                                      .allowed("a glob such as mesh:*, or left out to clear all")};
    }
    return given ? std::string{*given} : std::string{};
}

} // namespace detail

/// GET /api/v1/cache/stats?name=NAME: the caches under watch, or one of them: hits by tier, misses, loads, what the local
/// tier holds and did in the last 1, 10, 60 and 300 seconds, and how the servers of the remote one are. What belongs to a
/// remote tier is left out of a cache that has none.
inline http::response cache_stats(observe::cache_watch const& watch, http::request const& q) {
    std::string text;
    json_writer json{text};
    json.begin_object().key("caches").begin_array();
    for (auto const& name : detail::asked_caches(watch, q)) {
        if (auto const report = watch.report(name)) { // its watch may have ended meanwhile
            detail::write_cache(json, *report);
        }
    }
    json.end_array().end_object();
    return detail::fresh_json(std::move(text));
}

/// POST /api/v1/cache/clear?name=NAME&pattern=GLOB: removes from the caches under watch, or from one of them, the entries
/// whose keys match the pattern, or all; tells for each what was removed by tier. `complete` is false where a server did
/// not answer to the end, or a cache cannot do what was asked: asked for by its name, that is a problem document. `q`
/// outlives the answer.
inline task<http::response> cache_clear(observe::cache_watch& watch, http::request const& q) {
    std::string const pattern = detail::asked_pattern(q);
    bool const is_named = q.parameter("name").has_value();
    bool is_complete = true;
    std::string text;
    json_writer json{text};
    json.begin_object().key("caches").begin_array();
    auto const names = detail::asked_caches(watch, q);
    for (auto const& name : names) {
        auto const before = watch.report(name);
        auto const [outcome, removed] = co_await detail::clear_cache(watch, name, pattern);
        bool const is_cleared = outcome == observe::clearing_outcome::begun;
        if (!is_cleared && is_named) {
            throw http::problem_error{detail::not_cleared(outcome)};
        }
        if (outcome == observe::clearing_outcome::unknown) {
            continue; // its watch has ended meanwhile
        }
        bool const has_l2 = before && before->stats.has_l2;
        bool const is_all = is_cleared && removed.failed_nodes == 0 && (!has_l2 || removed.nodes > 0);
        is_complete = is_complete && is_all;
        json.begin_object().member("name", name).member("cleared", is_cleared).member("complete", is_all);
        if (is_cleared) {
            cache::invalidation_report::fields(
                removed, [&](std::string_view figure, auto value, auto const&...) { json.member(figure, value); });
        } else {
            json.member("reason", detail::reason_of(outcome));
        }
        json.end_object();
    }
    json.end_array().member("complete", is_complete).end_object();
    co_return detail::fresh_json(std::move(text));
}

} // namespace orfeas::inline v0::serve
