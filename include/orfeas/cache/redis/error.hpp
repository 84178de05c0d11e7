// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string_view>
#include <system_error>

namespace orfeas::inline v0::cache::redis {

/// Why a request got no replies. An error that the server itself answers ("-WRONGTYPE …", "-MOVED …") is a reply, not one
/// of these, except while a connection is set up.
enum class error {
    not_connected = 1,      ///< no connection stands, and none could be made
    timed_out,              ///< the replies did not come before the deadline of the call
    connection_lost,        ///< the connection ended after the request was sent; the server may have executed it
    stalled,                ///< nothing came for too long although replies were due
    protocol_violation,     ///< the server sent bytes that are not RESP3
    reply_too_large,        ///< a reply exceeds a limit of the client
    request_too_large,      ///< a request exceeds a limit of the client
    queue_full,             ///< more bytes wait to be sent than the client may hold
    not_a_redis_server,     ///< what answers at the address does not speak the protocol
    unsupported_server,     ///< the server does not know RESP3 (Redis before 6)
    tls_refused,            ///< the TLS handshake failed, for one side's certificate or for want of TLS
    authentication_refused, ///< the server refused user or password, or wants one
    set_up_refused,         ///< the server refused the database or a set-up command
    breaker_open,           ///< the node failed too often of late and is left alone for a while
    not_a_cluster,          ///< the server is no node of a cluster
    no_slot_owner,          ///< no node of the cluster is known to serve the key's slot
    too_many_redirects,     ///< the nodes of the cluster send the command in circles
    shut_down,              ///< the client was stopped
};

constexpr std::string_view error_domain(error) noexcept {
    return "orfeas.cache.redis";
}

/// The sentence of an enumerator.
constexpr std::string_view describe(error e) noexcept {
    switch (e) {
    case error::not_connected:
        return "no connection stands, and none could be made";
    case error::timed_out:
        return "the replies did not come before the deadline of the call";
    case error::connection_lost:
        return "the connection ended after the request was sent; the server may have executed it";
    case error::stalled:
        return "nothing came from the server for too long although replies were due";
    case error::protocol_violation:
        return "the server sent bytes that are not RESP3";
    case error::reply_too_large:
        return "a reply exceeds a limit of the client";
    case error::request_too_large:
        return "the request exceeds a limit of the client";
    case error::queue_full:
        return "more bytes wait to be sent than the client may hold";
    case error::not_a_redis_server:
        return "what answers at the address does not speak the Redis protocol";
    case error::unsupported_server:
        return "the server does not know RESP3: Redis 6 or Valkey is needed";
    case error::tls_refused:
        return "the TLS handshake failed: a certificate was refused, or one side does not speak TLS";
    case error::authentication_refused:
        return "the server refused the user or the password, or wants one";
    case error::set_up_refused:
        return "the server refused the database or a set-up command of the connection";
    case error::breaker_open:
        return "the node failed too often of late and is left alone for a while";
    case error::not_a_cluster:
        return "the server is no node of a cluster";
    case error::no_slot_owner:
        return "no node of the cluster is known to serve the key's slot";
    case error::too_many_redirects:
        return "the nodes of the cluster send the command in circles";
    case error::shut_down:
        return "the client was stopped";
    }
    return "unknown error";
}

} // namespace orfeas::inline v0::cache::redis

/// A client error converts to std::error_code.
template<>
struct std::is_error_code_enum<orfeas::cache::redis::error> : std::true_type {};

namespace orfeas::inline v0::cache::redis {
using v0::make_error_code; // found where the enumeration is
static_assert(described_error<error>);
} // namespace orfeas::inline v0::cache::redis
