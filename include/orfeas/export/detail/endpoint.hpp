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

/// Throws option_error where a URL needs TLS and the transport has none: such a request could never be sent.
template<class Transport>
void check_scheme(http::url const& where, std::string_view field) {
    if (where.tls && !Transport::speaks_tls) {
        throw option_error{field, to_string(where), "an http URL: https needs a transport that speaks TLS"};
    }
}

} // namespace orfeas::inline v0::exporting::detail
