// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/body.hpp>
#include <orfeas/http/detail/field_view.hpp>
#include <orfeas/http/detail/text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http {

/// A parameter of a request's path or query, decoded.
struct parameter {
    std::string name;
    std::string value;

    friend bool operator==(parameter const&, parameter const&) = default;
};

/// A request whose header has passed the strict parser. A value: it owns its header text, shares its body, and may be
/// copied and kept. The views that it hands out are valid until it is changed, moved or destroyed.
/// Thread-compatible (distinct objects).
class request : public detail::field_view {
  public:
    /// "GET", "POST", …; case matters.
    std::string_view method() const noexcept { return text(method_); }
    /// Path and query as sent.
    std::string_view target() const noexcept { return text(target_); }
    /// The target up to '?', still percent-encoded.
    std::string_view path() const noexcept { return target().substr(0, target().find('?')); }
    /// The target after '?', still percent-encoded.
    std::string_view query() const noexcept {
        auto const mark = target().find('?');
        return mark == std::string_view::npos ? std::string_view{} : target().substr(mark + 1);
    }
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    unsigned minor_version() const noexcept { return minor_version_; }

    /// The one Host field.
    std::string_view host() const noexcept { return text(host_); }

    /// The first query parameter of this name, decoded ('+' is a space).
    std::optional<std::string> parameter(std::string_view name) const {
        for (auto rest = query(); !rest.empty();) {
            auto item = detail::take_part(rest, '&');
            if (detail::percent_decoded(detail::take_part(item, '='), true) == name) {
                return detail::percent_decoded(item, true);
            }
        }
        return std::nullopt;
    }

    /// All query parameters in order, decoded: to refuse those that a handler does not know.
    std::vector<http::parameter> parameters() const {
        std::vector<http::parameter> all;
        for (auto rest = query(); !rest.empty();) {
            auto item = detail::take_part(rest, '&');
            auto const name = detail::take_part(item, '=');
            all.push_back({detail::percent_decoded(name, true), detail::percent_decoded(item, true)});
        }
        return all;
    }

    /// What stands in the place of `{name}` in the route's pattern, decoded; empty when the pattern has no such place.
    std::string_view path_parameter(std::string_view name) const noexcept {
        for (auto const& p : path_parameters_) {
            if (p.name == name) {
                return p.value;
            }
        }
        return {};
    }

    /// The body, empty when there is none.
    std::span<std::byte const> body() const noexcept { return body_.bytes; }
    std::string_view body_text() const noexcept {
        return {reinterpret_cast<char const*>(body_.bytes.data()), body_.bytes.size()};
    }
    /// The body with its owner, for work that outlives the handler; nothing is copied.
    shared_bytes const& shared_body() const noexcept { return body_; }

    /// The numeric address of the peer.
    std::string const& peer() const noexcept { return peer_; }
    /// Whether the peer is on this machine.
    bool is_local() const noexcept { return is_local_; }

    /// The length that Content-Length promises.
    std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
    /// Whether the body comes in chunks.
    bool is_chunked() const noexcept { return is_chunked_; }
    /// Whether a body follows the header.
    bool has_body() const noexcept { return is_chunked_ || content_length_.value_or(0) > 0; }
    /// Whether the peer waits for "100 Continue" before it sends the body.
    bool expects_continue() const noexcept { return expects_continue_; }
    /// Whether the peer wants to send another request on this connection.
    bool keeps_alive() const noexcept { return keeps_alive_; }
    /// Whether the peer asks for the WebSocket protocol.
    bool asks_for_websocket() const noexcept {
        return field_holds("upgrade", "websocket") && field_holds("connection", "upgrade");
    }

    /// What the transport and the router add to a parsed header.
    void set_body(shared_bytes content) noexcept { body_ = std::move(content); }
    void set_path_parameters(std::vector<http::parameter> values) noexcept { path_parameters_ = std::move(values); }
    void set_peer(std::string address, bool local) {
        peer_ = std::move(address);
        is_local_ = local;
    }

  private:
    friend class head_parser;

    slice method_;
    slice target_;
    slice host_;
    std::vector<http::parameter> path_parameters_;
    shared_bytes body_;
    std::string peer_ = "127.0.0.1";
    std::optional<std::uint64_t> content_length_;
    unsigned minor_version_ = 1;
    bool is_local_ = true;
    bool is_chunked_ = false;
    bool expects_continue_ = false;
    bool keeps_alive_ = true;
};

} // namespace orfeas::inline v0::http
