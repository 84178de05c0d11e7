// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

/// Conditional requests (RFC 9110 section 13): a client that has an answer already is told that it still holds.
namespace orfeas::inline v0::http {

/// A strong entity tag, quotes included, made from a content hash.
inline std::string etag_of(digest128 digest) {
    std::array<char, 40> text{};
    int const size =
        std::snprintf(text.data(), text.size(), "\"%016llx%016llx\"", static_cast<unsigned long long>(digest.high),
                      static_cast<unsigned long long>(digest.low));
    return {text.data(), static_cast<std::size_t>(size)};
}

/// A strong entity tag of content. Complexity: linear; keep the tag beside content that is served often.
inline std::string etag_of(std::span<std::byte const> content) {
    return etag_of(hash128(content));
}

/// Whether an If-None-Match list holds `etag` by weak comparison (RFC 9110 section 8.8.3.2), or is "*".
inline bool list_matches_etag(std::string_view list, std::string_view etag) noexcept {
    auto const opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
    list = detail::trimmed(list);
    if (list == "*") {
        return true;
    }
    while (!list.empty()) {
        auto const close = list.find('"', list.find('"') + 1); // a tag may hold commas, but no quote
        if (list.find('"') == std::string_view::npos || close == std::string_view::npos) {
            return false;
        }
        if (opaque(list.substr(0, close + 1)) == opaque(etag)) {
            return true;
        }
        list.remove_prefix(close + 1);
        while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t')) {
            list.remove_prefix(1);
        }
    }
    return false;
}

/// Whether the peer has the content that `etag` names, so that a handler need not even look for it.
inline bool is_not_modified(request const& q, std::string_view etag) noexcept {
    if (q.method() != "GET" && q.method() != "HEAD") {
        return false;
    }
    auto const list = q.field("if-none-match");
    return list && list_matches_etag(*list, etag);
}

/// The answer that tells so. It repeats what a 200 would say about caching.
inline response not_modified(std::string_view etag, std::string_view cache_control = "no-cache") {
    return response{status::not_modified}.set("etag", etag).set("cache-control", cache_control);
}

/// Turns a 200 that the peer has already into a 304; its body is dropped unread.
inline void apply_condition(request const& q, response& answer) {
    if (answer.status() != status::ok) {
        return;
    }
    auto const etag = answer.field("etag");
    if (!etag || !is_not_modified(q, *etag)) {
        return;
    }
    response shortened{status::not_modified};
    for (std::string_view const kept : {"cache-control", "content-location", "etag", "expires", "vary"}) {
        if (auto const value = answer.field(kept)) {
            shortened.set(kept, *value);
        }
    }
    answer = std::move(shortened);
}

} // namespace orfeas::inline v0::http
