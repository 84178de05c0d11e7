// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/http/status.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::http {

/// Why a request is not served. Each has a name (the label of a counter), a status and a sentence.
enum class refusal {
    malformed_request_line = 1,  ///< not "METHOD SP TARGET SP HTTP/1.x CRLF"
    malformed_target,            ///< not a path in origin form, or badly percent-encoded
    target_too_long,             ///< above the configured limit
    unsupported_method,          ///< a method that no route can have
    unsupported_version,         ///< neither HTTP/1.1 nor HTTP/1.0
    header_too_large,            ///< request line and fields above the configured limit
    too_many_fields,             ///< above the configured limit
    malformed_field,             ///< not "name: value CRLF" (RFC 9112 section 5)
    folded_field,                ///< a field continued on a second line (obs-fold)
    missing_host,                ///< no Host
    repeated_host,               ///< more than one Host
    malformed_content_length,    ///< not a number, or repeated
    conflicting_framing,         ///< both Content-Length and Transfer-Encoding, or the latter in HTTP/1.0
    malformed_transfer_encoding, ///< chunked is not the last coding, or comes twice
    unsupported_transfer_coding, ///< a coding other than chunked
    malformed_chunk,             ///< a chunked body that breaks RFC 9112 section 7.1
    body_too_large,              ///< above the limit of the route
    expectation_failed,          ///< an Expect other than 100-continue
    host_not_allowed,            ///< a Host that this server does not answer for
    origin_not_allowed,          ///< a browser acts for a page of another origin
    unauthorized,                ///< the token is missing or wrong
    not_local,                   ///< an operator action from another machine, without a token
    no_route,                    ///< no route has this path
    method_not_allowed,          ///< the path has routes, but none for this method
    upgrade_required,            ///< a WebSocket route asked without a WebSocket handshake
    malformed_upgrade,           ///< a WebSocket handshake that breaks RFC 6455
    subscriber_limit,            ///< the WebSocket route has as many sessions as it may
    connection_limit,            ///< as many connections as the server may have
    peer_connection_limit,       ///< as many connections as one address may have
    timed_out,                   ///< the request did not arrive within its deadline
};

namespace detail {

struct refusal_row {
    std::string_view name;
    http::status status;
    std::string_view sentence;
};

inline constexpr std::array<refusal_row, 30> refusal_rows{{
    {"malformed_request_line", status::bad_request, "The request line is not 'METHOD TARGET HTTP/1.1'."},
    {"malformed_target", status::bad_request, "The target is not a well-formed path in origin form."},
    {"target_too_long", status::uri_too_long, "The target is longer than this server accepts."},
    {"unsupported_method", status::not_implemented, "This server does not know the method."},
    {"unsupported_version", status::http_version_not_supported, "This server speaks HTTP/1.1 and HTTP/1.0."},
    {"header_too_large", status::header_fields_too_large, "The header is larger than this server accepts."},
    {"too_many_fields", status::header_fields_too_large, "The header has more fields than this server accepts."},
    {"malformed_field", status::bad_request, "A header field is not 'name: value'."},
    {"folded_field", status::bad_request, "A header field is continued on a second line."},
    {"missing_host", status::bad_request, "The Host field is missing."},
    {"repeated_host", status::bad_request, "There is more than one Host field."},
    {"malformed_content_length", status::bad_request, "Content-Length is not one decimal number, given once."},
    {"conflicting_framing", status::bad_request, "Transfer-Encoding stands beside Content-Length or in HTTP/1.0."},
    {"malformed_transfer_encoding", status::bad_request, "Transfer-Encoding does not end with chunked, given once."},
    {"unsupported_transfer_coding", status::not_implemented, "The only transfer coding understood is chunked."},
    {"malformed_chunk", status::bad_request, "The chunked body is malformed."},
    {"body_too_large", status::content_too_large, "The body is larger than this route accepts."},
    {"expectation_failed", status::expectation_failed, "The only expectation understood is 100-continue."},
    {"host_not_allowed", status::misdirected_request, "This server does not answer for the given Host."},
    {"origin_not_allowed", status::forbidden, "Pages of the given Origin may not act on this server."},
    {"unauthorized", status::unauthorized, "A valid token is needed."},
    {"not_local", status::forbidden, "Without a configured token, operator actions are for this machine only."},
    {"no_route", status::not_found, "There is nothing at this path."},
    {"method_not_allowed", status::method_not_allowed, "The path does not support this method; see Allow."},
    {"upgrade_required", status::upgrade_required, "This path speaks WebSocket only."},
    {"malformed_upgrade", status::bad_request, "The WebSocket handshake is malformed."},
    {"subscriber_limit", status::service_unavailable, "There are as many subscribers as this server accepts."},
    {"connection_limit", status::service_unavailable, "There are as many connections as this server accepts."},
    {"peer_connection_limit", status::service_unavailable,
     "There are as many connections as this server accepts from one address."},
    {"timed_out", status::request_timeout, "The request did not arrive in time."},
}};

constexpr refusal_row const& row_of(refusal r) noexcept {
    return refusal_rows[static_cast<std::size_t>(r) - 1];
}

} // namespace detail

/// How many refusals there are; `static_cast<std::size_t>(r) - 1` is below it.
inline constexpr std::size_t refusal_count = detail::refusal_rows.size();
static_assert(refusal_count == static_cast<std::size_t>(refusal::timed_out));

/// The enumerator's name, for counters and problem types.
constexpr std::string_view name_of(refusal r) noexcept {
    return detail::row_of(r).name;
}

/// The status of the answer that tells of it.
constexpr status status_of(refusal r) noexcept {
    return detail::row_of(r).status;
}

constexpr std::string_view error_domain(refusal) noexcept {
    return "orfeas.http";
}

/// The sentence of an enumerator; zero is reserved for success and has none.
constexpr std::string_view describe(refusal r) noexcept {
    auto const index = static_cast<std::size_t>(r) - 1;
    return index < refusal_count ? detail::refusal_rows[index].sentence : std::string_view{"unknown error"};
}

} // namespace orfeas::inline v0::http

/// A refusal converts to std::error_code.
template<>
struct std::is_error_code_enum<orfeas::http::refusal> : std::true_type {};

namespace orfeas::inline v0::http {
using v0::make_error_code; // found where the enumeration is
static_assert(described_error<refusal>);
} // namespace orfeas::inline v0::http
