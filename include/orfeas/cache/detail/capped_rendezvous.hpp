// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// Fraction bits of the logarithms below.
inline constexpr int log_bits = 40;

/// log2 of `x`, which is 1 + f/2^log_bits with f below 2^log_bits; by repeated squaring, so exact to the last bits.
constexpr std::uint64_t log2_between_one_and_two(std::uint64_t x) {
    __extension__ using wide = unsigned __int128;
    std::uint64_t result = 0;
    for (int bit = log_bits - 1; bit >= 0; --bit) {
        x = static_cast<std::uint64_t>(static_cast<wide>(x) * x >> log_bits);
        if (x >= std::uint64_t{2} << log_bits) {
            x >>= 1;
            result |= std::uint64_t{1} << bit;
        }
    }
    return result;
}

/// log2(1 + i/256) for i = 0..256.
inline constexpr auto log2_table = [] {
    std::array<std::uint64_t, 257> table{};
    for (std::uint64_t i = 0; i < 256; ++i) {
        table[i] = log2_between_one_and_two((256 + i) << (log_bits - 8));
    }
    table[256] = std::uint64_t{1} << log_bits;
    return table;
}();

/// -log2(hash / 2^64) in fixed point: above 0 and at most 64. Whole numbers only, because clients on machines that round
/// or fuse floating point differently must agree. The error of the interpolation, below 3e-6, is alike for all nodes.
constexpr std::uint64_t negative_log2(std::uint64_t hash) noexcept {
    int const zeros = std::countl_zero(hash | 1);
    std::uint64_t const fraction = (hash | 1) << zeros << 1; // what follows the leading one, at the top of the word
    std::uint64_t const index = fraction >> 56;
    std::uint64_t const rest = fraction << 8 >> 40; // the next 24 bits
    std::uint64_t const step = log2_table[index + 1] - log2_table[index];
    std::uint64_t const log2 = log2_table[index] + (step * rest >> 24);
    return (static_cast<std::uint64_t>(zeros + 1) << log_bits) - log2;
}

/// What the assignment needs to know of a node.
struct rendezvous_node {
    std::uint64_t hash;       ///< of its name
    std::uint64_t per_weight; ///< 2^64 / weight, rounded down, at most 2^64 - 1
    std::size_t cap;          ///< slots that it takes at most
};

/// How dear it is to keep a slot on a node: an exponential variable with the node's weight as its rate, so that the node
/// of least cost is each node in proportion to its weight, and a changed weight moves no slot between two others.
inline std::uint64_t cost_of(std::uint64_t slot_hash, rendezvous_node const& node) noexcept {
    __extension__ using wide = unsigned __int128;
    std::uint64_t const cost = negative_log2(mix64(slot_hash ^ node.hash)) << (63 - log_bits - 6);
    return static_cast<std::uint64_t>(static_cast<wide>(cost) * node.per_weight >> 64);
}

inline std::uint64_t hash_of_slot(std::size_t slot) noexcept {
    return mix64(slot + 0x9e3779b97f4a7c15U);
}

/// A slot on a node, ordered by cost; of equal costs, by the slot and by the node's place among the names.
struct offer {
    std::uint64_t cost;
    std::uint32_t slot;
    std::uint32_t node;

    friend auto operator<=>(offer const&, offer const&) = default;
};

/// The slots given out in the order of all offers, the cheapest first: a slot goes to a node if neither the slot is taken
/// nor the node full. That is the stable matching in which both sides prefer cheaper offers, so it is found without
/// sorting all offers: each slot asks its cheapest node first, and a node that is over its cap sends its dearest slot on.
/// Complexity: slots * nodes to begin with, and as much as nodes for each slot that is sent on.
class capped_rendezvous {
  public:
    capped_rendezvous(std::vector<rendezvous_node> nodes, std::size_t slots)
        : nodes_{std::move(nodes)}, held_(nodes_.size()) {
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            place(cheapest(slot));
        }
    }

    /// The node of each slot.
    std::vector<std::uint16_t> owners(std::size_t slots) const {
        std::vector<std::uint16_t> table(slots);
        for (auto const& held : held_) {
            for (auto const& each : held) {
                table[each.slot] = static_cast<std::uint16_t>(each.node);
            }
        }
        return table;
    }

  private:
    /// The cheapest offer for `slot`, or the cheapest that comes after `last` if there is one.
    offer cheapest(std::uint32_t slot, offer const* last = nullptr) const noexcept {
        offer best{~std::uint64_t{0}, slot, ~std::uint32_t{0}};
        std::uint64_t const slot_hash = hash_of_slot(slot);
        for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
            offer const each{cost_of(slot_hash, nodes_[i]), slot, i};
            if (each < best && (last == nullptr || *last < each)) {
                best = each;
            }
        }
        return best;
    }

    /// Gives the slot of `wanted` to its node, and what the node no longer holds to the next ones.
    void place(offer wanted) {
        for (;;) {
            auto& held = held_[wanted.node];
            held.push_back(wanted);
            std::push_heap(held.begin(), held.end());
            if (held.size() <= nodes_[wanted.node].cap) {
                return;
            }
            std::pop_heap(held.begin(), held.end());
            offer const sent_on = held.back();
            held.pop_back();
            wanted = cheapest(sent_on.slot, &sent_on); // some node has room: the caps add up to the slots
        }
    }

    std::vector<rendezvous_node> nodes_;
    std::vector<std::vector<offer>> held_; // by node, a heap with the dearest on top
};

} // namespace orfeas::inline v0::cache::detail
