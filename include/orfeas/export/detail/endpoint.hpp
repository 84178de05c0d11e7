// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/http/url.hpp>

#include <string>
#include <string_view>

namespace orfeas::inline v0::exporting::detail {

/// The URL of an option. Throws option_error for anything else, and for one with a query.
inline http::url endpoint(std::string_view text, std::string_view field) {
    auto where = http::parse_url(text);
    if (!where || where->target.find('?') != std::string::npos) {
        throw option_error{field, text, "an http or https URL without a query"};
    }
    return *where;
}

/// The URL with a path behind its own.
inline http::url below(http::url base, std::string_view path) {
    if (base.target.ends_with('/')) {
        base.target.pop_back();
    }
    base.target.append(path);
    return base;
}

/// What logs and errors name a receiver by: its URL without the path, which may be a secret, as those of chat services are.
inline std::string origin_of(http::url const& where) {
    return std::string{where.tls ? "https://" : "http://"}.append(where.authority());
}

/// Throws option_error where a URL needs TLS and the transport has none: such a request could never be sent.
template<class Transport>
void check_scheme(http::url const& where, std::string_view field) {
    if (where.tls && !Transport::speaks_tls) {
        throw option_error{field, origin_of(where), "an http URL: https needs a transport that speaks TLS"};
    }
}

} // namespace orfeas::inline v0::exporting::detail
