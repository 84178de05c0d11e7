// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::http {

/// How long a client waits, how many connections it keeps and what it takes from a server. Prefix ORFEAS_CLIENT_.
struct client_options {
    std::chrono::milliseconds connect_deadline{5000};
    std::chrono::milliseconds deadline{30'000};
    std::chrono::milliseconds idle_deadline{15'000};
    std::uint32_t connections_per_host = 16;
    std::uint32_t header_bytes = 16'384;
    std::uint32_t header_fields = 128;
    std::uint64_t body_bytes = 16_MiB;

    static constexpr std::string_view environment_prefix = "ORFEAS_CLIENT_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, std::chrono::hours{24}};
        field("connect_deadline", self.connect_deadline, wait, "for a connection, with name service and TLS");
        field("deadline", self.deadline, wait, "for a whole exchange, where the call sets no other");
        field("idle_deadline", self.idle_deadline, wait, "after which a kept connection is not used again");
        field("connections_per_host", self.connections_per_host, in_range(1, 65'536),
              "at the same time; further requests wait for one");
        field("header_bytes", self.header_bytes, in_range(256, 1 << 20), "status line and fields of an answer");
        field("header_fields", self.header_fields, in_range(1, 4096), "header fields of an answer");
        field("body_bytes", self.body_bytes, at_least(0), "body of an answer");
    }
};
static_assert(options<client_options>);

} // namespace orfeas::inline v0::http
