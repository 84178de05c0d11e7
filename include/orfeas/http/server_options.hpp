// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/http/gate.hpp>
#include <orfeas/http/head_parser.hpp>
#include <orfeas/net/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::http {

/// How a server listens, whom it serves and how long it waits. Prefix ORFEAS_HTTP_.
struct server_options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 5000; ///< 0: the system chooses; read it from `port()` after `start()`

    std::uint32_t header_bytes = 8192;
    std::uint32_t header_fields = 64;
    std::uint32_t target_bytes = 2048;
    std::uint64_t body_bytes = 65'536; ///< unless the route says otherwise

    std::chrono::milliseconds header_deadline{5000};
    std::chrono::milliseconds body_deadline{10'000};
    std::chrono::milliseconds write_deadline{10'000};
    std::chrono::milliseconds idle_deadline{30'000};
    std::chrono::milliseconds linger_deadline{2000};
    std::uint64_t minimum_bytes_per_second = 16'384;

    std::uint32_t connections = 1024;
    std::uint32_t connections_per_peer = 64;

    std::vector<std::string> allowed_hosts = {};
    std::vector<std::string> allowed_origins = {};
    std::string token = {};

    static constexpr std::string_view environment_prefix = "ORFEAS_HTTP_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, std::chrono::hours{24}};
        field("address", self.address, any_value{}, "numeric address to listen on, or localhost");
        field("port", self.port, any_value{}, "port to listen on; 0 lets the system choose");
        field("header_bytes", self.header_bytes, in_range(256, 1 << 20), "request line and fields of a request");
        field("header_fields", self.header_fields, in_range(1, 4096), "header fields of a request");
        field("target_bytes", self.target_bytes, in_range(16, 1 << 16), "path and query of a request");
        field("body_bytes", self.body_bytes, any_value{}, "body of a request, where its route sets no other limit");
        field("header_deadline", self.header_deadline, wait, "for a header, from its first byte");
        field("body_deadline", self.body_deadline, wait, "for a body without progress");
        field("write_deadline", self.write_deadline, wait, "for an answer without progress");
        field("idle_deadline", self.idle_deadline, wait, "for the next request on a connection");
        field("linger_deadline", self.linger_deadline, wait, "for the peer to take the last answer before the close");
        field("minimum_bytes_per_second", self.minimum_bytes_per_second, at_least(1),
              "average that a body or an answer must keep up");
        field("connections", self.connections, in_range(1, 1'000'000), "at the same time");
        field("connections_per_peer", self.connections_per_peer, in_range(1, 1'000'000),
              "at the same time, of one address");
        field("allowed_hosts", self.allowed_hosts, any_value{}, "names to answer for, beside those of the loopback");
        field("allowed_origins", self.allowed_origins, any_value{}, "pages that may act on the server, beside its own");
        field("token", self.token, any_value{}, "what a client must present; needed to listen beyond the loopback");
    }

    /// Nobody listens to a network by accident: an address beyond the loopback needs a token.
    void check() const {
        auto const parsed = net::parse_address(address);
        if (!parsed) {
            throw option_error{"address", address, "a numeric IPv4 or IPv6 address, or 'localhost'"};
        }
        if (!net::is_loopback(*parsed) && token.empty()) {
            throw option_error{"address", address, "a loopback address unless a token is set (ORFEAS_HTTP_TOKEN)"};
        }
        if (!is_usable_token(token)) {
            throw option_error{"token", "(hidden)", "visible ASCII characters"};
        }
    }

    bool is_loopback() const {
        auto const parsed = net::parse_address(address);
        return parsed && net::is_loopback(*parsed);
    }

    head_limits limits() const noexcept { return {header_bytes, target_bytes, header_fields}; }
};
static_assert(options<server_options>);

} // namespace orfeas::inline v0::http
