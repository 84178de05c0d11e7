// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/fields.hpp>
#include <orfeas/core/measurement.hpp>

#include <atomic>
#include <cstdint>

namespace orfeas::inline v0::http {

/// What a client has done so far. The members are read one after another while it goes on.
struct client_stats {
    std::uint64_t requests_total = 0;
    std::uint64_t failures_total = 0;
    std::uint64_t retries_total = 0;
    std::uint64_t waits_total = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections = 0;

    static void fields(auto& self, auto&& field) {
        field("requests_total", self.requests_total, unit::none, "requests begun");
        field("failures_total", self.failures_total, unit::none, "requests that got no answer");
        field("retries_total", self.retries_total, unit::none, "requests sent again since a kept connection was dead");
        field("waits_total", self.waits_total, unit::none, "requests that waited for a connection to become free");
        field("connections_total", self.connections_total, unit::none, "connections begun");
        field("connections", self.connections, unit::none, "connections at present, in use or kept");
    }
};
static_assert(has_fields<client_stats>);

namespace detail {

/// The live counters behind client_stats: written on the client's strand, read anywhere.
/// Thread-safe: each is counted and read on its own.
struct client_counters {
    using count = std::atomic<std::uint64_t>;

    count requests{0};
    count failures{0};
    count retries{0};
    count waits{0};
    count connections_total{0};
    count connections{0};

    static void add(count& c) noexcept { c.fetch_add(1, std::memory_order_relaxed); }
    static void subtract(count& c) noexcept { c.fetch_sub(1, std::memory_order_relaxed); }

    client_stats snapshot() const noexcept {
        auto const read = [](count const& c) { return c.load(std::memory_order_relaxed); };
        client_stats now;
        now.requests_total = read(requests);
        now.failures_total = read(failures);
        now.retries_total = read(retries);
        now.waits_total = read(waits);
        now.connections_total = read(connections_total);
        now.connections = read(connections);
        return now;
    }
};

} // namespace detail

} // namespace orfeas::inline v0::http
