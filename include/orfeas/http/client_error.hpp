// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string_view>
#include <system_error>

namespace orfeas::inline v0::http {

/// Why a request got no usable answer, beside the errors of the operating system and of TLS.
enum class client_error {
    unsupported_scheme = 1, ///< https over a client without TLS
    timed_out,              ///< no whole answer before the deadline
    closed_early,           ///< the server ended the connection before its answer was whole
    malformed_answer,       ///< the server's bytes are no answer in HTTP/1.0 or HTTP/1.1
    header_too_large,       ///< more header than the client's limit
    body_too_large,         ///< more body than the client's limit
    stopped,                ///< the client has been stopped
};

constexpr std::string_view error_domain(client_error) noexcept {
    return "orfeas.http.client";
}

/// The sentence of an enumerator.
constexpr std::string_view describe(client_error e) noexcept {
    switch (e) {
    case client_error::unsupported_scheme:
        return "https needs TLS, which this client does not speak: ask a proxy on this machine by http";
    case client_error::timed_out:
        return "the server gave no whole answer before the deadline";
    case client_error::closed_early:
        return "the server ended the connection before its answer was whole";
    case client_error::malformed_answer:
        return "the server's answer is not HTTP/1.0 or HTTP/1.1";
    case client_error::header_too_large:
        return "the answer's header is larger than this client accepts";
    case client_error::body_too_large:
        return "the answer's body is larger than this client accepts";
    case client_error::stopped:
        return "the client has been stopped";
    }
    return "unknown error";
}

} // namespace orfeas::inline v0::http

/// A client error converts to std::error_code.
template<>
struct std::is_error_code_enum<orfeas::http::client_error> : std::true_type {};

namespace orfeas::inline v0::http {
using v0::make_error_code; // found where the enumeration is
static_assert(described_error<client_error>);
} // namespace orfeas::inline v0::http
