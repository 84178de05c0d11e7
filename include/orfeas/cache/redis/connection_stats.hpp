// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/breaker.hpp>
#include <orfeas/core/measurement.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::cache::redis {

/// What a connection did since it was made, and how it is now. A report; each figure is consistent in itself.
struct connection_stats {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t refusals = 0;
    std::uint64_t connects = 0;
    std::uint64_t connect_failures = 0;
    std::uint64_t losses = 0;
    std::uint64_t pushes = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t breaker_openings = 0;
    breaker_state breaker = breaker_state::closed;
    bool connected = false;

    static void fields(auto& self, auto&& field) {
        field("calls", self.calls, unit::none, "Requests made.");
        field("failures", self.failures, unit::none, "Requests that failed for the node's sake, timeouts included.");
        field("timeouts", self.timeouts, unit::none, "Requests whose deadline passed.");
        field("refusals", self.refusals, unit::none, "Requests refused unsent: open breaker, full queue, too large.");
        field("connects", self.connects, unit::none, "Connections that were made and greeted.");
        field("connect_failures", self.connect_failures, unit::none, "Attempts to connect that failed.");
        field("losses", self.losses, unit::none, "Connections that ended without being told to.");
        field("pushes", self.pushes, unit::none, "Pushes received.");
        field("sent_bytes", self.sent_bytes, unit::bytes, "Bytes sent.");
        field("received_bytes", self.received_bytes, unit::bytes, "Bytes received.");
        field("breaker_openings", self.breaker_openings, unit::none, "How often the breaker opened.");
        field("breaker", self.breaker, unit::none, "What the breaker does with calls.");
        field("connected", self.connected, unit::none, "Whether a greeted connection stands.");
    }
};

/// A node of a client, and how it is doing.
struct node_report {
    std::string name;        ///< "127.0.0.1:6379"
    bool is_primary = false; ///< serves writes, as far as the client knows
    connection_stats connection{};
};

} // namespace orfeas::inline v0::cache::redis
