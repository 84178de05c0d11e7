// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/capped_rendezvous.hpp>
#include <orfeas/cache/ring.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/stable_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// Spreads keys over nodes by a table of 16,384 slots, filled by capped rendezvous: every pair of slot and node has a cost
/// drawn from a stable hash of both; pairs are taken in the order of their costs, and a node that has its share of slots
/// takes no more. The table depends on names and weights alone, not on their order, the process or the machine, so all
/// clients agree without talking. Adding, removing or reweighting a node moves hardly more keys than must move.
///
/// Up to 16 members a node never has more slots than its share, rounded up. Each member above that allows a node a
/// thousandth more, up to a tenth, which keeps the movement small: at 64 members a node has at most 4.8 % too many. A lookup is one read of a table of 32 KiB. It balances keys, not requests: a hot key has one node.
///
/// An immutable value of 32 KiB: a change of members gives another ring, which readers exchange as a whole.
/// Construction: O(slots x nodes), 2 ms for 8 nodes and 8 ms for 64. Thread-safe.
class hash_ring {
  public:
    static constexpr std::size_t slot_count = 16'384;

    /// Throws option_error that names the member at fault: none or too many members, two of one name, an empty name, a
    /// weight of zero or above max_ring_weight.
    explicit hash_ring(std::vector<ring_member> members) : members_{std::move(members)} {
        auto const order = detail::checked_name_order(members_);
        nodes_ = nodes_of(members_);
        std::vector<detail::rendezvous_node> by_name;
        for (std::size_t const index : order) {
            by_name.push_back(nodes_[index]);
        }
        table_ = detail::capped_rendezvous{std::move(by_name), slot_count}.owners(slot_count);
        for (auto& owner : table_) {
            owner = static_cast<std::uint16_t>(order[owner]);
        }
    }

    /// The hash of a key for `node_of`. Part of the contract between processes: it never changes.
    static std::uint64_t hash_of(std::string_view key) noexcept { return stable_hash64(key); }

    /// The slot of a hash: its top 14 bits.
    static constexpr std::size_t slot_of(std::uint64_t hash) noexcept { return static_cast<std::size_t>(hash >> 50); }

    /// The index of the member that owns a hash. One memory access.
    std::size_t node_of(std::uint64_t hash) const noexcept { return table_[slot_of(hash)]; }

    /// Fills `out` with the nodes to ask when the owner of `hash` cannot be: all others by their cost for the slot, the
    /// cheapest first; gives how many. For replicas and failover. Complexity: members x size of `out`.
    std::size_t successors(std::uint64_t hash, std::span<std::size_t> out) const noexcept {
        std::size_t const slot = slot_of(hash);
        std::size_t const count = std::min(out.size(), members_.size() - 1);
        for (std::size_t filled = 0; filled < count; ++filled) {
            out[filled] = cheapest_beside(slot, out.first(filled));
        }
        return count;
    }

    std::span<ring_member const> members() const noexcept { return members_; }
    std::size_t size() const noexcept { return members_.size(); }

    /// The part of all slots that the node owns. Complexity: linear in the slots. `node` is below `size()`.
    double share(std::size_t node) const noexcept {
        ORFEAS_ASSERT(node < members_.size(), "the index of a member");
        return static_cast<double>(std::count(table_.begin(), table_.end(), node)) / slot_count;
    }

    /// This ring with one more member or, where the name is taken, with that member's weight changed.
    hash_ring with(ring_member member) const { return hash_ring{detail::with_member(members_, std::move(member))}; }

    /// This ring without one of its members. Throws option_error when there is none of this name, or no other.
    hash_ring without(std::string_view name) const { return hash_ring{detail::without_member(members_, name)}; }

    /// The owner of each slot.
    std::span<std::uint16_t const, slot_count> slots() const noexcept {
        return std::span<std::uint16_t const, slot_count>{table_};
    }

  private:
    static std::vector<detail::rendezvous_node> nodes_of(std::vector<ring_member> const& members) {
        std::uint64_t total = 0;
        for (auto const& member : members) {
            total += member.weight;
        }
        std::size_t const more = members.size() <= 16 ? 0 : std::min<std::size_t>(members.size() - 16, 100);
        std::uint64_t const permille = 1'000 + more;
        std::vector<detail::rendezvous_node> nodes;
        for (auto const& member : members) {
            std::uint64_t const weighted = member.weight * slot_count * permille;
            auto const cap = static_cast<std::size_t>((weighted + total * 1'000 - 1) / (total * 1'000));
            nodes.push_back({stable_hash64(member.name), ~std::uint64_t{0} / member.weight, cap});
        }
        return nodes;
    }

    std::size_t cheapest_beside(std::size_t slot, std::span<std::size_t const> taken) const noexcept {
        std::size_t best = members_.size();
        std::uint64_t least = 0;
        std::uint64_t const slot_hash = detail::hash_of_slot(slot);
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (i == table_[slot] || std::find(taken.begin(), taken.end(), i) != taken.end()) {
                continue;
            }
            std::uint64_t const cost = detail::cost_of(slot_hash, nodes_[i]);
            if (best == members_.size() || cost < least || (cost == least && members_[i].name < members_[best].name)) {
                best = i;
                least = cost;
            }
        }
        return best;
    }

    std::vector<ring_member> members_;
    std::vector<detail::rendezvous_node> nodes_;
    std::vector<std::uint16_t> table_;
};
static_assert(ring<hash_ring>);

} // namespace orfeas::inline v0::cache
