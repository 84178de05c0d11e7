// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/body.hpp>
#include <orfeas/http/fields.hpp>
#include <orfeas/http/url.hpp>

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::http {

/// A request that a client sends. It may be sent any number of times; its body is shared or copied once, never per send.
/// Host, Content-Length and Connection are the client's own business: fields of these names are left out.
/// Thread-compatible (distinct objects).
class client_request {
  public:
    client_request(std::string_view request_method, http::url where, http::body content = {})
        : method{request_method}, url{std::move(where)}, body{std::move(content)} {}

    /// A request with a body of the given media type.
    client_request(std::string_view request_method, http::url where, std::string_view media_type, http::body content)
        : client_request{request_method, std::move(where), std::move(content)} {
        fields.add("content-type", media_type);
    }

    /// Puts a field in the place of all of this name. Throws std::invalid_argument for what is no header field.
    client_request& set(std::string_view name, std::string_view value) & {
        fields.set(name, value);
        return *this;
    }
    client_request&& set(std::string_view name, std::string_view value) && { return std::move(this->set(name, value)); }

    std::string method; ///< "GET", "POST", …; case matters
    http::url url;
    http::fields fields;
    http::body body;

    /// Whether it may be sent a second time when a kept connection turns out to be dead before any byte of the answer.
    /// The server may then have seen it twice: false for what must never happen twice.
    bool repeatable = true;
};

/// Where an observer adds fields to a request that is about to be sent.
/// Thread-compatible (distinct objects).
class head_writer {
  public:
    explicit head_writer(std::string& head) noexcept : head_{head} {}

    /// Adds a field. Throws std::invalid_argument for what is no header field.
    void add(std::string_view name, std::string_view value) {
        if (!detail::is_token(name) || !detail::is_field_value(value)) {
            throw std::invalid_argument{"a header field must be a token and a value without control characters"};
        }
        head_.append(name).append(": ").append(value).append("\r\n");
    }

  private:
    std::string& head_;
};

namespace detail {

/// Fields that say what the client alone knows.
constexpr bool is_set_by_client(std::string_view name) noexcept {
    return equals_ignoring_case(name, "host") || equals_ignoring_case(name, "content-length") ||
           equals_ignoring_case(name, "transfer-encoding") || equals_ignoring_case(name, "connection");
}

/// Methods whose requests have a meaning for content: an empty one is announced too (RFC 9110 section 8.6).
constexpr bool announces_content(std::string_view method) noexcept {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

} // namespace detail

/// Writes request line and fields to the end of `out`, without the empty line, so that more fields may follow.
/// Throws std::invalid_argument for a method that is no token and a target that is no path.
inline void append_request_head(std::string& out, client_request const& q) {
    if (!detail::is_token(q.method) || !detail::is_request_target(q.url.target) || q.method == "CONNECT" ||
        !detail::is_field_value(q.url.host)) {
        throw std::invalid_argument{"a request needs a method, a host and a target that begins with '/'"};
    }
    out.append(q.method).append(" ").append(q.url.target).append(" HTTP/1.1\r\nhost: ").append(q.url.authority());
    out.append("\r\n");
    for (auto const& f : q.fields) {
        if (!detail::is_set_by_client(f.name)) {
            out.append(f.name).append(": ").append(f.value).append("\r\n");
        }
    }
    if (!q.body.empty() || detail::announces_content(q.method)) {
        std::array<char, 20> number;
        auto const end = std::to_chars(number.data(), number.data() + number.size(), q.body.size()).ptr;
        out.append("content-length: ").append(number.data(), end).append("\r\n");
    }
}

} // namespace orfeas::inline v0::http
