// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/reply.hpp>
#include <orfeas/cache/redis/request.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::cache::redis {

/// Appends what a new connection says first: HELLO 3 with user, password and name, and SELECT where the database is not 0.
/// Set-up commands of the user may follow.
inline void append_greeting(request& to, endpoint const& server, std::string_view client_name) {
    bool const has_password = !server.password.empty();
    to.begin(2 + (has_password ? 3U : 0U) + (client_name.empty() ? 0U : 2U));
    to.add("HELLO");
    to.add(3);
    if (has_password) {
        to.add("AUTH");
        to.add(server.user.empty() ? std::string_view{"default"} : std::string_view{server.user});
        to.add(server.password);
    }
    if (!client_name.empty()) {
        to.add("SETNAME");
        to.add(client_name);
    }
    if (server.database != 0) {
        to.append("SELECT", server.database);
    }
}

/// Why a greeting failed: what it means, and the server's own words.
struct greeting_refusal {
    error why;
    std::string words;
};

namespace detail {

inline error meaning_of(std::string_view words) noexcept {
    if (words.starts_with("NOAUTH") || words.starts_with("WRONGPASS") || words.starts_with("DENIED") ||
        words.starts_with("ERR invalid password") || words.starts_with("ERR Client sent AUTH")) {
        return error::authentication_refused;
    }
    if (words.starts_with("NOPROTO") || words.starts_with("ERR unknown command") ||
        words.starts_with("ERR Protocol version")) {
        return error::unsupported_server;
    }
    return error::set_up_refused;
}

} // namespace detail

/// Judges the replies to a greeting and to the set-up commands after it; nothing when the connection is ready for use.
inline std::optional<greeting_refusal> judge_greeting(response const& replies) {
    reply_view const hello = replies.front();
    if (hello.is_error()) {
        return greeting_refusal{detail::meaning_of(hello.text()), std::string{hello.text()}};
    }
    auto const protocol = hello.find("proto");
    if (!protocol || protocol->number() != 3) {
        return greeting_refusal{error::unsupported_server, "HELLO was answered without protocol 3"};
    }
    if (auto const failed = replies.first_error()) {
        auto const code = failed->error_code();
        bool const is_access = code == "NOPERM" || code == "NOAUTH";
        return greeting_refusal{is_access ? error::authentication_refused : error::set_up_refused,
                                std::string{failed->text()}};
    }
    return std::nullopt;
}

} // namespace orfeas::inline v0::cache::redis
