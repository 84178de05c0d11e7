// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/base64.hpp>
#include <orfeas/http/detail/text.hpp>
#include <orfeas/http/gate.hpp>
#include <orfeas/http/refusal.hpp>
#include <orfeas/http/request.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::http {

/// Why a WebSocket ends (RFC 6455 section 7.4.1).
enum class close_code : std::uint16_t {
    normal = 1000,
    going_away = 1001, ///< the server stops
    protocol_error = 1002,
    unacceptable_data = 1003,
    no_status = 1005, ///< never sent: the peer closed without a code
    abnormal = 1006,  ///< never sent: the connection was lost
    policy_violation = 1008,
    message_too_big = 1009,
    internal_error = 1011,
    try_again_later = 1013, ///< the peer does not keep up
};

/// One open WebSocket, as its application sees it. The handle may be kept as long as wanted; once the session has ended
/// its members do nothing. Callbacks run on the connection's strand, one at a time.
/// Thread-safe, except `on_message` and `on_close`: set them in the route's `on_open`.
class websocket_session {
  public:
    using payload = std::shared_ptr<std::string const>;

    virtual ~websocket_session() = default;

    /// Sends a text message in order. When `websocket_options::queue` messages wait already, the session is closed with
    /// try_again_later: its peer does not keep up with what it must not miss.
    virtual void send(payload message) = 0;

    /// Sends a text message unless a newer one comes before it is its turn; see `skipped`.
    virtual void send_latest(payload message) = 0;

    /// Latest messages that were replaced by newer ones so far.
    virtual std::uint64_t skipped() const noexcept = 0;

    /// Begins to close the session; what waits is dropped. The reason is cut to 123 bytes.
    virtual void close(close_code code, std::string_view reason = {}) = 0;

    /// What to do with a message. An exception that it throws closes the session with internal_error.
    virtual void on_message(std::function<void(std::string_view)> callback) = 0;

    /// What to do when the session has ended, however it ended; called once, after the last message.
    virtual void on_close(std::function<void(close_code)> callback) = 0;
};

/// Called with each new session; `q` is the handshake and lives until the call returns.
using websocket_handler = std::function<void(request const& q, std::shared_ptr<websocket_session> session)>;

/// How a WebSocket route treats its peers.
struct websocket_options {
    http::role role = http::role::reader;
    std::size_t subscribers = 1000;                   ///< sessions at the same time; more are answered 503
    std::size_t message_bytes = 16'384;               ///< largest message taken; larger ones close with message_too_big
    double messages_per_second = 50;                  ///< taken on average; more close with policy_violation
    double message_burst = 100;                       ///< taken at once
    std::size_t queue = 16;                           ///< messages of `send` that may wait
    std::chrono::milliseconds idle_deadline{20'000};  ///< silence of the peer; it is pinged after half of it
    std::chrono::milliseconds stall_deadline{10'000}; ///< for one message on its way
    std::chrono::milliseconds close_deadline{2000};   ///< for the closing handshake
    int send_buffer_bytes = 65'536;                   ///< SO_SNDBUF: the kernel would hide a slow peer behind megabytes
};

/// What is wrong with the opening handshake of RFC 6455 section 4.2.1, or nothing.
inline std::optional<refusal> refuse_upgrade(request const& q) {
    if (!q.asks_for_websocket()) {
        return refusal::upgrade_required;
    }
    if (q.field("sec-websocket-version") != std::optional<std::string_view>{"13"}) {
        return refusal::upgrade_required;
    }
    auto const key = q.field("sec-websocket-key");
    auto const nonce = key ? base64_decoded(*key) : std::nullopt;
    if (q.method() != "GET" || q.minor_version() == 0 || q.has_body() || !nonce || nonce->size() != 16) {
        return refusal::malformed_upgrade;
    }
    return std::nullopt;
}

} // namespace orfeas::inline v0::http
