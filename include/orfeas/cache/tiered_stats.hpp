// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/stats.hpp>
#include <orfeas/core/measurement.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::cache {

/// What a tiered cache did since it was made, and how it is now. A report; each figure is consistent in itself.
struct tiered_stats {
    std::uint64_t l1_hits = 0;
    std::uint64_t l2_hits = 0;
    std::uint64_t misses = 0;
    double hit_ratio = 0; ///< NaN if there was no lookup
    std::uint64_t loads = 0;
    std::uint64_t load_failures = 0;
    std::uint64_t coalesced = 0;
    std::uint64_t stale_served = 0;
    std::uint64_t l2_reads = 0;
    std::uint64_t l2_read_failures = 0;
    std::uint64_t l2_writes = 0;
    std::uint64_t l2_write_failures = 0;
    std::uint64_t l2_refused_writes = 0;
    std::uint64_t l2_rejected_values = 0;
    std::uint64_t invalidations = 0;
    std::uint64_t epochs = 0;
    std::uint64_t pending_writes = 0;
    std::uint64_t dropped_writes = 0;
    bool has_l2 = false;                     ///< whether there is a remote tier
    cache_stats l1{};                        ///< the local tier by itself
    std::vector<redis::node_report> nodes{}; ///< of the remote tier

    static void fields(auto& self, auto&& field) {
        field("l1_hits", self.l1_hits, unit::none, "Lookups answered by the local tier.");
        field("l2_hits", self.l2_hits, unit::none, "Lookups answered by the remote tier.");
        field("misses", self.misses, unit::none, "Lookups that no tier could answer.");
        field("hit_ratio", self.hit_ratio, unit::ratio, "Answered lookups per lookup, since the cache was made.");
        field("loads", self.loads, unit::none, "Loaders started.");
        field("load_failures", self.load_failures, unit::none, "Loaders that ended with an exception.");
        field("coalesced", self.coalesced, unit::none, "Callers that joined a load or a read already under way.");
        field("stale_served", self.stale_served, unit::none, "Callers that got a value whose time is over.");
        field("l2_reads", self.l2_reads, unit::none, "Keys read from the remote tier.");
        field("l2_read_failures", self.l2_read_failures, unit::none, "Of these, those without an answer.");
        field("l2_writes", self.l2_writes, unit::none, "Values and erasures written to the remote tier.");
        field("l2_write_failures", self.l2_write_failures, unit::none, "Of these, those that were not taken.");
        field("l2_refused_writes", self.l2_refused_writes, unit::none,
              "Loaded values not written because their key was written or invalidated meanwhile.");
        field("l2_rejected_values", self.l2_rejected_values, unit::none,
              "Values of the remote tier that were damaged, foreign or of another version: misses.");
        field("invalidations", self.invalidations, unit::none,
              "Keys that servers told of because others changed them.");
        field("epochs", self.epochs, unit::none, "How often a server's entries were out of date all at once.");
        field("pending_writes", self.pending_writes, unit::none, "Writes that wait for their server to come back.");
        field("dropped_writes", self.dropped_writes, unit::none, "Writes given up because too many waited.");
    }
};

/// Reports `stats` as measurements: fields under their names (`cache_l1_hits_total`, `cache_l2_hits_total`, `cache_hit_ratio`, …),
/// the local tier's levels, and each node's state by its name.
inline void measure(tiered_stats const& stats, measurement_sink sink) {
    tiered_stats::fields(stats, [&](std::string_view field, auto value, unit unit, std::string_view help) {
        bool const is_level = field == "hit_ratio" || field == "pending_writes";
        auto const kind = is_level ? measurement_kind::gauge : measurement_kind::counter;
        std::string const name = std::string{"cache_"}.append(field).append(is_level ? "" : "_total");
        sink({name, kind, unit, static_cast<double>(value), {}, help});
    });
    auto const level = [&](std::string_view name, unit unit, std::uint64_t value, std::string_view help) {
        sink({name, measurement_kind::gauge, unit, static_cast<double>(value), {}, help});
    };
    level("cache_entries", unit::none, stats.l1.entries, "Entries held in the local tier.");
    level("cache_bytes", unit::bytes, stats.l1.bytes, "Bytes charged for the entries of the local tier.");
    level("cache_capacity_bytes", unit::bytes, stats.l1.capacity_bytes,
          "Bytes that the local tier's entries may take.");
    sink({"cache_evictions_total",
          measurement_kind::counter,
          unit::none,
          static_cast<double>(stats.l1.evictions),
          {},
          "Live entries of the local tier removed to make room."});
    sink({"cache_expirations_total",
          measurement_kind::counter,
          unit::none,
          static_cast<double>(stats.l1.expirations),
          {},
          "Entries of the local tier removed because their time was over."});
    for (auto const& node : stats.nodes) {
        std::array<label, 1> const labels{{{"node", node.name}}};
        auto const of_node = [&](std::string_view name, measurement_kind kind, unit unit, double value,
                                 std::string_view help) { sink({name, kind, unit, value, labels, help}); };
        auto const& c = node.connection;
        using enum measurement_kind;
        of_node("cache_node_connected", gauge, unit::none, c.connected ? 1 : 0, "Whether a connection stands.");
        of_node("cache_node_breaker", gauge, unit::none, static_cast<double>(c.breaker),
                "What the breaker does: 0 closed, 1 open, 2 half open.");
        of_node("cache_node_calls_total", counter, unit::none, static_cast<double>(c.calls), "Requests made.");
        of_node("cache_node_failures_total", counter, unit::none, static_cast<double>(c.failures),
                "Requests that failed for the node's sake.");
        of_node("cache_node_timeouts_total", counter, unit::none, static_cast<double>(c.timeouts),
                "Requests whose deadline passed.");
        of_node("cache_node_sent_bytes_total", counter, unit::bytes, static_cast<double>(c.sent_bytes), "Bytes sent.");
        of_node("cache_node_received_bytes_total", counter, unit::bytes, static_cast<double>(c.received_bytes),
                "Bytes received.");
    }
}

} // namespace orfeas::inline v0::cache
