// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/text.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::http {

/// Where a request goes: the parts of an http or https URL (RFC 9110 section 4.2).
/// Thread-compatible (distinct objects).
struct url {
    bool tls = false;               ///< https
    std::string host = "127.0.0.1"; ///< a name or a numeric address, an IPv6 address without brackets
    std::uint16_t port = 80;
    std::string target = "/"; ///< path and query, percent-encoded

    friend bool operator==(url const&, url const&) = default;

    /// What the Host field says: the port is left out where it is the scheme's own.
    std::string authority() const {
        bool const is_v6 = host.find(':') != std::string::npos;
        std::string text = is_v6 ? "[" + host + "]" : host;
        if (port != (tls ? 443 : 80)) {
            text.append(":").append(std::to_string(port));
        }
        return text;
    }
};

/// The URL as text.
inline std::string to_string(url const& where) {
    return std::string{where.tls ? "https://" : "http://"}.append(where.authority()).append(where.target);
}

namespace detail {

/// A path with an optional query, of visible ASCII characters.
constexpr bool is_request_target(std::string_view target) noexcept {
    for (char const c : target) {
        if (c <= ' ' || c > '~' || c == '#') {
            return false;
        }
    }
    return target.starts_with('/') && is_percent_encoded(target);
}

/// Letters, digits, '-', '.' and '_': names as the name service has them, and IPv4 addresses.
constexpr bool is_host_name(std::string_view host) noexcept {
    for (char const c : host) {
        char const letter = lower(c);
        if (!is_digit(c) && !(letter >= 'a' && letter <= 'z') && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return !host.empty() && host.size() <= 253;
}

/// Hexadecimal digits, ':' and, for an embedded IPv4 address, '.'; the system's parser has the last word.
constexpr bool is_v6_text(std::string_view host) noexcept {
    for (char const c : host) {
        if (hex_value(c) < 0 && c != ':' && c != '.') {
            return false;
        }
    }
    return host.find(':') != std::string_view::npos && host.size() <= 45;
}

/// Takes "host[:port]" apart; false when it is malformed.
inline bool read_authority(std::string_view text, url& into) {
    bool const is_bracketed = text.starts_with('[');
    auto const end = is_bracketed ? text.find(']') : text.find(':');
    auto const host =
        is_bracketed ? text.substr(1, end == std::string_view::npos ? end : end - 1) : text.substr(0, end);
    if (is_bracketed ? end == std::string_view::npos || !is_v6_text(host) : !is_host_name(host)) {
        return false;
    }
    into.host = host;
    auto rest = text.substr(end == std::string_view::npos ? text.size() : end + (is_bracketed ? 1 : 0));
    if (rest.empty()) {
        return true;
    }
    if (rest.front() != ':') {
        return false;
    }
    rest.remove_prefix(1);
    auto const [stop, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), into.port);
    return failed == std::errc{} && stop == rest.data() + rest.size() && into.port != 0;
}

} // namespace detail

/// Reads an absolute http or https URL. Empty for anything else, and for a URL with a user or password, which belong into
/// a field of their own. A fragment is left out: it is not sent.
inline std::optional<url> parse_url(std::string_view text) {
    url read;
    auto const scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        return std::nullopt;
    }
    auto const scheme = text.substr(0, scheme_end);
    read.tls = detail::equals_ignoring_case(scheme, "https");
    if (!read.tls && !detail::equals_ignoring_case(scheme, "http")) {
        return std::nullopt;
    }
    read.port = read.tls ? 443 : 80;
    text = text.substr(scheme_end + 3);
    text = text.substr(0, text.find('#'));
    auto const path = text.find_first_of("/?");
    if (!detail::read_authority(text.substr(0, path), read)) {
        return std::nullopt;
    }
    if (path != std::string_view::npos) {
        read.target = text[path] == '/' ? "" : "/";
        read.target.append(text.substr(path));
    }
    if (!detail::is_request_target(read.target)) {
        return std::nullopt;
    }
    return read;
}

} // namespace orfeas::inline v0::http
