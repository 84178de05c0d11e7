// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/cluster_slots.hpp>
#include <orfeas/cache/redis/redirection.hpp>
#include <orfeas/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// The nodes of a cluster by their numbers, with the client's link to each, and which of them serve a slot. `Link` is what a
/// client keeps of a connection; the directory only stores it. No sockets, no clock: time is passed in.
/// Thread-compatible (distinct objects).
template<class Link>
class cluster_directory {
  public:
    using link_pointer = std::shared_ptr<Link>;

    struct node {
        node_address address{};
        link_pointer link{};       ///< null: none was needed yet, or the node has left the cluster
        std::uint32_t links = 0;   ///< that were taken away
        bool is_primary = false;   ///< serves slots, as last heard
        bool is_mute = false;      ///< did not answer when it was asked for the map
        bool is_in_map = false;    ///< part of the cluster, as last heard
        monotonic_time heard_of{}; ///< when it was last heard of
    };

    std::size_t size() const noexcept { return nodes_.size(); }
    node& operator[](node_number number) noexcept { return nodes_[number]; }
    node const& operator[](node_number number) const noexcept { return nodes_[number]; }

    /// The number of the node at an address; a new one if it was never heard of. O(nodes).
    node_number number_of(node_address const& address, monotonic_time now) {
        for (node_number number = 0; number < nodes_.size(); ++number) {
            if (nodes_[number].address == address) {
                return number;
            }
        }
        node heard;
        heard.address = address;
        heard.heard_of = now;
        nodes_.push_back(std::move(heard));
        return static_cast<node_number>(nodes_.size() - 1);
    }

    /// Whether the slot map was ever told.
    bool has_map() const noexcept { return !numbers_.empty(); }

    /// How many slots have a primary.
    std::size_t covered() const noexcept { return slots_.covered(); }

    /// Who serves writes for a slot, if anyone is known to.
    std::optional<node_number> primary_of(std::uint16_t slot) const {
        auto const* const shard = slots_.shard_of(slot);
        return shard != nullptr ? std::optional{numbers_[shard->primary]} : std::nullopt;
    }

    /// Who is to serve a read for a slot: the first of its replicas for which `is_fit(number)`, `turn` of them left aside, or
    /// the primary.
    template<class Fit>
    std::optional<node_number> reader_of(std::uint16_t slot, std::size_t turn, Fit&& is_fit) const {
        auto const* const shard = slots_.shard_of(slot);
        if (shard == nullptr) {
            return std::nullopt;
        }
        auto const& replicas = shard->replicas;
        for (std::size_t i = 0; i < replicas.size(); ++i) {
            auto const number = numbers_[replicas[(turn + i) % replicas.size()]];
            if (is_fit(number)) {
                return number;
            }
        }
        return numbers_[shard->primary];
    }

    /// Notes what a MOVED says.
    void move(redirection const& moved, monotonic_time now) {
        slots_.move(moved.slot, moved.to);
        while (numbers_.size() < slots_.nodes().size()) {
            numbers_.push_back(number_of(slots_.nodes()[numbers_.size()], now));
        }
        if (auto const owner = primary_of(moved.slot)) {
            nodes_[*owner].is_primary = true;
            nodes_[*owner].is_in_map = true;
        }
    }

    /// Takes over a new map; tells how many slots it gives to another primary than the map before.
    std::size_t replace(cluster_slots map, monotonic_time now) {
        std::vector<node_number> numbers;
        for (auto const& each : map.nodes()) {
            numbers.push_back(number_of(each, now));
        }
        cluster_directory const before =
            with_map(std::exchange(slots_, std::move(map)), std::exchange(numbers_, numbers));
        std::size_t moved = 0;
        for (std::size_t slot = 0; slot < cluster_slot_count; ++slot) {
            auto const index = static_cast<std::uint16_t>(slot);
            moved += before.primary_of(index) != primary_of(index) ? 1U : 0U;
        }
        for (auto& each : nodes_) {
            each.is_primary = false;
            each.is_in_map = false;
        }
        for (auto const number : numbers_) {
            nodes_[number].is_in_map = true;
            nodes_[number].heard_of = now;
        }
        for (auto const& shard : slots_.shards()) {
            nodes_[numbers_[shard.primary]].is_primary = true;
        }
        return moved;
    }

    /// The nodes that serve slots, each once. O(slots).
    std::vector<node_number> primaries() const {
        std::vector<bool> serves(nodes_.size());
        for (std::size_t slot = 0; slot < cluster_slot_count; ++slot) {
            if (auto const owner = primary_of(static_cast<std::uint16_t>(slot))) {
                serves[*owner] = true;
            }
        }
        std::vector<node_number> all;
        for (node_number number = 0; number < serves.size(); ++number) {
            if (serves[number]) {
                all.push_back(number);
            }
        }
        return all;
    }

    /// Takes away the links to nodes that have not been part of the cluster for `patience`.
    std::vector<link_pointer> take_departed(monotonic_time now, std::chrono::nanoseconds patience) {
        std::vector<link_pointer> gone;
        for (auto& each : nodes_) {
            if (each.link != nullptr && !each.is_in_map && now - each.heard_of >= patience) {
                gone.push_back(std::exchange(each.link, nullptr));
                ++each.links;
            }
        }
        return gone;
    }

  private:
    static cluster_directory with_map(cluster_slots slots, std::vector<node_number> numbers) {
        cluster_directory other;
        other.slots_ = std::move(slots);
        other.numbers_ = std::move(numbers);
        return other;
    }

    std::vector<node> nodes_;
    cluster_slots slots_;
    std::vector<node_number> numbers_; // of the nodes of slots_
};

} // namespace orfeas::inline v0::cache::redis
