// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/local_options.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::cache {

/// How a `tiered` cache is set up. Prefix ORFEAS_TIERED_; the connections have options of their own.
struct tiered_options {
    std::uint64_t l1_bytes = 64U << 20U;
    std::vector<std::string> l2{};
    std::string l2_topology = "sharded";
    std::string sentinel_primary = "mymaster";
    std::string key_prefix = "orfeas:";
    std::chrono::milliseconds ttl = std::chrono::seconds{3600};
    std::chrono::milliseconds l1_ttl = std::chrono::seconds{3600};
    double ttl_jitter = 0.1;
    std::chrono::milliseconds negative_ttl = std::chrono::seconds{30};
    std::chrono::milliseconds stale_while_revalidate{0};
    std::chrono::milliseconds stale_if_error{0};
    bool tracking = true;
    std::chrono::milliseconds outage_ttl = std::chrono::seconds{5};
    std::chrono::milliseconds tombstone_ttl = std::chrono::seconds{30};
    std::uint64_t pending_bytes = 16U << 20U;
    std::uint32_t l1_shards = 0;

    static constexpr std::string_view environment_prefix = "ORFEAS_TIERED_";
    static void fields(auto& self, auto&& field) {
        using namespace std::chrono;
        milliseconds const most = hours{24 * 36500};
        field("l1_bytes", self.l1_bytes, at_least(1), "bytes that the entries in this process may take together");
        field("l2", self.l2, any_value{}, "servers of the remote tier as redis:// URLs; none: this process alone");
        field("l2_topology", self.l2_topology, one_of("sharded", "cluster", "sentinel"),
              "what the servers are: single ones that share the keys, a Redis Cluster, or Sentinels");
        field("sentinel_primary", self.sentinel_primary, any_value{}, "the name by which Sentinels know the primary");
        field("key_prefix", self.key_prefix, any_value{},
              "before each key on the servers; each cache that shares them has its own");
        field("ttl", self.ttl, in_range(milliseconds{1}, most),
              "how long an entry lives unless it is put with a time of its own");
        field("l1_ttl", self.l1_ttl, in_range(milliseconds{1}, most), "how long it lives in this process at most");
        field("ttl_jitter", self.ttl_jitter, in_range(0.0, 1.0),
              "by which share, at random, an entry may live shorter than its time");
        field("negative_ttl", self.negative_ttl, in_range(milliseconds{1}, most),
              "how long it is remembered that a key has no value");
        field("stale_while_revalidate", self.stale_while_revalidate, in_range(milliseconds{0}, most),
              "how long after its time a value is served while it is loaded anew");
        field("stale_if_error", self.stale_if_error, in_range(milliseconds{0}, most),
              "how long after its time a value is served when loading it anew fails");
        field("tracking", self.tracking, any_value{},
              "whether the servers tell of changes that others make; without it entries here may be old for l1_ttl");
        field("outage_ttl", self.outage_ttl, in_range(milliseconds{0}, most),
              "how long an entry lives here that could not be written to its server");
        field("tombstone_ttl", self.tombstone_ttl, in_range(milliseconds{1}, most),
              "how long the servers remember an erasure: longer than a load takes");
        field("pending_bytes", self.pending_bytes, any_value{},
              "of writes and erasures that wait for a server to come back");
        field("l1_shards", self.l1_shards, in_range(0, 1024), "of the local tier; 0 chooses by cores and capacity");
    }

    /// Those of the local tier.
    local_options local() const {
        local_options made;
        made.capacity_bytes = l1_bytes;
        made.ttl = ttl;
        made.ttl_jitter = ttl_jitter;
        made.negative_ttl = negative_ttl;
        made.stale_while_revalidate = stale_while_revalidate;
        made.stale_if_error = stale_if_error;
        made.shards = l1_shards;
        return made;
    }
};
static_assert(options<tiered_options>);

} // namespace orfeas::inline v0::cache
