// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::cache::redis {

/// Where a server is and as whom to speak to it.
struct endpoint {
    std::string host = "127.0.0.1"; ///< a name or a numeric address, an IPv6 address without brackets
    std::uint16_t port = 6379;
    std::string user = {};     ///< empty: the server's default user
    std::string password = {}; ///< empty: no authentication
    std::uint32_t database = 0;
    bool tls = false;

    friend bool operator==(endpoint const&, endpoint const&) = default;
};

namespace detail {

inline constexpr std::string_view endpoint_form =
    "redis://[user[:password]@]host[:port][/database] or rediss:// for TLS";

/// A URL without what may be a user or a password: also where the host was forgotten, as in redis://user:password.
inline std::string without_secret(std::string_view url) {
    auto const scheme = url.find("://");
    auto const begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    auto const at = url.rfind('@');
    if (at != std::string_view::npos && at >= begin) {
        return std::string{url.substr(0, begin)}.append("...").append(url.substr(at));
    }
    auto const colon = url.find(':', begin);
    if (url.find_first_not_of("0123456789/", colon == std::string_view::npos ? url.size() : colon + 1) !=
        std::string_view::npos) {
        return std::string{url.substr(0, begin)}.append("...");
    }
    return std::string{url};
}

inline int hexadecimal_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char const lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline std::optional<std::string> percent_decoded(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain.push_back(text[i]);
            continue;
        }
        int const high = i + 2 < text.size() ? hexadecimal_digit(text[i + 1]) : -1;
        int const low = i + 2 < text.size() ? hexadecimal_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        plain.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return plain;
}

template<class Number>
std::optional<Number> whole_number(std::string_view text) noexcept {
    Number value = 0;
    auto const [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && rest == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

/// Takes a URL apart, from left to right.
/// Thread-compatible (distinct objects).
class endpoint_reader {
  public:
    endpoint_reader(std::string_view field, std::string_view url) : field_{field}, url_{url}, rest_{url} {}

    endpoint read() {
        read_scheme();
        read_user();
        read_host();
        read_port();
        read_database();
        return read_;
    }

  private:
    [[noreturn]] void refuse(std::string_view allowed) const {
        throw option_error{field_, without_secret(url_), allowed};
    }

    void read_scheme() {
        if (rest_.starts_with("rediss://")) {
            read_.tls = true;
            rest_.remove_prefix(9);
        } else if (rest_.starts_with("redis://")) {
            rest_.remove_prefix(8);
        } else {
            refuse(endpoint_form);
        }
        if (rest_.find_first_of("?#") != std::string_view::npos && rest_.rfind('@') == std::string_view::npos) {
            refuse("without a query or a fragment");
        }
    }

    void read_user() {
        auto const at = rest_.rfind('@'); // an @ in a password should be %40, but is often not
        if (at == std::string_view::npos) {
            return;
        }
        auto const who = rest_.substr(0, at);
        rest_.remove_prefix(at + 1);
        auto const colon = who.find(':');
        auto const user = percent_decoded(who.substr(0, colon));
        auto const password =
            percent_decoded(colon == std::string_view::npos ? std::string_view{} : who.substr(colon + 1));
        if (!user || !password) {
            refuse("percent-encoded with two hexadecimal digits after each %");
        }
        read_.user = *user;
        read_.password = *password;
        if (read_.password.empty() && !read_.user.empty()) {
            refuse("with a password where there is a user: redis://user:password@host");
        }
    }

    void read_host() {
        std::size_t length = rest_.find_first_of(":/");
        if (rest_.starts_with('[')) {
            auto const bracket = rest_.find(']');
            if (bracket == std::string_view::npos) {
                refuse("with a closing bracket after the IPv6 address");
            }
            read_.host = std::string{rest_.substr(1, bracket - 1)};
            length = bracket + 1;
        } else {
            auto const host = percent_decoded(rest_.substr(0, length));
            if (!host) {
                refuse("percent-encoded with two hexadecimal digits after each %");
            }
            read_.host = *host;
        }
        if (read_.host.empty() || read_.host.find_first_of(" \r\n\t") != std::string::npos) {
            refuse(endpoint_form);
        }
        rest_ = length == std::string_view::npos ? std::string_view{} : rest_.substr(length);
    }

    void read_port() {
        if (!rest_.starts_with(':')) {
            return;
        }
        auto const end = rest_.find('/');
        auto const port = whole_number<std::uint16_t>(rest_.substr(1, end == std::string_view::npos ? end : end - 1));
        if (!port || *port == 0) {
            refuse("with a port between 1 and 65535 (an IPv6 address stands in brackets)");
        }
        read_.port = *port;
        rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end);
    }

    void read_database() {
        if (rest_.empty() || rest_ == "/") {
            return;
        }
        auto const database = rest_.starts_with('/') ? whole_number<std::uint32_t>(rest_.substr(1)) : std::nullopt;
        if (!database) {
            refuse("with the number of a database after the slash");
        }
        read_.database = *database;
    }

    std::string_view field_;
    std::string_view url_;
    std::string_view rest_;
    endpoint read_;
};

} // namespace detail

/// Reads `redis://[user[:password]@]host[:port][/database]`, `rediss://…` for TLS. IPv6 addresses stand in brackets; user,
/// password and host may be percent-encoded; `redis://:password@host` is the default user. Throws option_error, under the
/// name `field`, which never holds user or password.
inline endpoint parse_endpoint(std::string_view url, std::string_view field = "url") {
    return detail::endpoint_reader{field, url}.read();
}

/// "127.0.0.1:6379" or "[::1]:6379": for logs and labels. Holds no secret.
inline std::string to_text(endpoint const& server) {
    bool const is_v6 = server.host.find(':') != std::string::npos;
    std::string const host = is_v6 ? "[" + server.host + "]" : server.host;
    return host + ":" + std::to_string(server.port);
}

} // namespace orfeas::inline v0::cache::redis
