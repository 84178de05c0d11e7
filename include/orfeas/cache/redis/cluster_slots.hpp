// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/redirection.hpp>
#include <orfeas/core/assert.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

namespace detail {

/// crc16_tables[n][b]: what a byte b adds to the checksum when n more bytes follow it.
inline constexpr auto crc16_tables = [] {
    std::array<std::array<std::uint16_t, 256>, 4> tables{};
    for (unsigned i = 0; i < 256; ++i) {
        unsigned crc = i << 8;
        for (std::size_t n = 0; n < 4; ++n) {
            for (int bit = 0; bit < 8; ++bit) {
                crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
            }
            tables[n][i] = static_cast<std::uint16_t>(crc);
        }
    }
    return tables;
}();

} // namespace detail

/// CRC-16/XMODEM (polynomial 0x1021, start 0, not reflected): the checksum that the cluster protocol prescribes.
constexpr std::uint16_t crc16(std::string_view text) noexcept {
    auto const& [last, second, third, fourth] = detail::crc16_tables;
    auto const byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<std::uint8_t>(text[at])); };
    unsigned crc = 0; // its low 16 bits; each step takes four bytes, whose tables are independent of each other
    std::size_t at = 0;
    for (; at + 4 <= text.size(); at += 4) {
        crc = static_cast<unsigned>(fourth[(crc >> 8 ^ byte(at)) & 0xff]) ^ third[(crc ^ byte(at + 1)) & 0xff] ^
              second[byte(at + 2)] ^ last[byte(at + 3)];
    }
    for (; at < text.size(); ++at) {
        crc = crc << 8 ^ last[(crc >> 8 ^ byte(at)) & 0xff];
    }
    return static_cast<std::uint16_t>(crc);
}

/// What of a key decides about its slot: the text between the first '{' and the next '}', if there is some, else all of it.
/// Keys with one tag are on one node, so one command may name them together.
constexpr std::string_view hash_tag(std::string_view key) noexcept {
    auto const open = key.find('{');
    if (open == std::string_view::npos) {
        return key;
    }
    auto const close = key.find('}', open + 1);
    bool const tagged = close != std::string_view::npos && close > open + 1;
    return tagged ? key.substr(open + 1, close - open - 1) : key;
}

/// The slot of a key in a cluster, 0 to 16,383.
constexpr std::uint16_t slot_of_key(std::string_view key) noexcept {
    return crc16(hash_tag(key)) % cluster_slot_count;
}

/// Consecutive slots of one primary and its replicas, as CLUSTER SLOTS and CLUSTER SHARDS list them.
struct slot_range {
    std::uint16_t first = 0;
    std::uint16_t last = 0; ///< included
    node_address primary{};
    std::vector<node_address> replicas{};
};

/// A primary and those that copy it. The values are indices into the nodes of a `cluster_slots`.
struct cluster_shard {
    std::uint16_t primary = 0;
    std::vector<std::uint16_t> replicas{};
};

/// Who serves each slot of a cluster, as last heard. Nodes keep their indices for the life of the value, so that what is
/// kept by node (connections, counters) can be a parallel array. Thread-compatible (distinct objects).
class cluster_slots {
  public:
    /// More nodes than this are a mistake or an attack: a cluster has at most a thousand or so.
    static constexpr std::size_t max_nodes = 4'096;

    /// Nobody serves anything.
    cluster_slots() { shard_of_.fill(no_shard); }

    /// The map that a server describes. An empty host means that of `answered_by`, the server that was asked. Slots that no
    /// range names have no shard. Empty if the description contradicts itself: a range that ends before it begins or
    /// beyond the last slot, two ranges with a common slot, a primary without host or port, more than `max_nodes` nodes.
    /// Replicas without host or port are left out.
    static std::optional<cluster_slots> from(std::span<slot_range const> ranges, std::string_view answered_by) {
        cluster_slots map;
        for (auto const& range : ranges) {
            if (!map.add(range, answered_by)) {
                return std::nullopt;
            }
        }
        return map;
    }

    /// The primary and the replicas of a slot; null if none is known.
    cluster_shard const* shard_of(std::uint16_t slot) const {
        ORFEAS_ASSERT(slot < cluster_slot_count, "a slot of the cluster");
        return shard_of_[slot] == no_shard ? nullptr : &shards_[shard_of_[slot]];
    }

    node_address const& node(std::uint16_t index) const { return nodes_[index]; }
    std::span<node_address const> nodes() const noexcept { return nodes_; }
    std::span<cluster_shard const> shards() const noexcept { return shards_; }

    /// How many slots have a primary; all 16,384 in a cluster that is whole.
    std::size_t covered() const noexcept {
        return cluster_slot_count - static_cast<std::size_t>(std::count(shard_of_.begin(), shard_of_.end(), no_shard));
    }

    /// Notes what a MOVED says: the slot is now the node's. Its replicas are known only if it was a primary already.
    /// Nothing changes if the map is full of nodes.
    void move(std::uint16_t slot, node_address const& to) {
        ORFEAS_ASSERT(slot < cluster_slot_count, "a slot of the cluster");
        if (nodes_.size() >= max_nodes && std::find(nodes_.begin(), nodes_.end(), to) == nodes_.end()) {
            return;
        }
        shard_of_[slot] = shard_with_primary(index_of(to));
    }

  private:
    static constexpr std::uint16_t no_shard = 0xffff;

    static std::optional<node_address> resolved(node_address node, std::string_view answered_by) {
        node.host = node.host.empty() ? std::string{answered_by} : node.host;
        bool const usable = !node.host.empty() && node.host != "?" && node.port != 0;
        return usable ? std::optional{std::move(node)} : std::nullopt;
    }

    bool add(slot_range const& range, std::string_view answered_by) {
        auto const primary = resolved(range.primary, answered_by);
        bool const crowded = nodes_.size() + 1 + range.replicas.size() > max_nodes;
        if (range.first > range.last || range.last >= cluster_slot_count || !primary || crowded) {
            return false;
        }
        std::uint16_t const shard = shard_with_primary(index_of(*primary));
        for (auto const& each : range.replicas) {
            if (auto const replica = resolved(each, answered_by)) {
                add_replica(shards_[shard], index_of(*replica));
            }
        }
        for (std::size_t slot = range.first; slot <= range.last; ++slot) {
            if (shard_of_[slot] != no_shard) {
                return false;
            }
            shard_of_[slot] = shard;
        }
        return true;
    }

    static void add_replica(cluster_shard& shard, std::uint16_t node) {
        auto& replicas = shard.replicas; // a shard with several ranges names them in each
        if (node != shard.primary && std::find(replicas.begin(), replicas.end(), node) == replicas.end()) {
            replicas.push_back(node);
        }
    }

    std::uint16_t index_of(node_address const& node) {
        auto const found = std::find(nodes_.begin(), nodes_.end(), node);
        auto const index = static_cast<std::uint16_t>(found - nodes_.begin());
        if (found == nodes_.end()) {
            nodes_.push_back(node);
        }
        return index;
    }

    std::uint16_t shard_with_primary(std::uint16_t node) {
        auto const is_primary = [&](cluster_shard const& each) { return each.primary == node; };
        auto const found = std::find_if(shards_.begin(), shards_.end(), is_primary);
        auto const index = static_cast<std::uint16_t>(found - shards_.begin());
        if (found == shards_.end()) {
            shards_.push_back({node, {}});
        }
        return index;
    }

    std::vector<node_address> nodes_;
    std::vector<cluster_shard> shards_;
    std::array<std::uint16_t, cluster_slot_count> shard_of_;
};

} // namespace orfeas::inline v0::cache::redis
