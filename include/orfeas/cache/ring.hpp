// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::cache {

/// A node of a ring: the name by which every process knows it, and how much of the keys it takes in proportion to others.
/// The name decides which keys are the node's, so it stays when the node's address changes.
struct ring_member {
    std::string name;
    std::uint32_t weight = 1;

    friend bool operator==(ring_member const&, ring_member const&) = default;
};

/// Which node keeps a key, agreed on by all processes that know the same members. `hash_of(key)` is stable; the nodes are
/// named by their index in `members()`. `successors` fills `out` with the nodes that follow the owner, the next one first,
/// each node once, and gives how many there are. `share(node)` is the part of all hashes that the node owns.
/// A ring is an immutable value: a change of members is another ring. Thread-safe.
template<class R>
concept ring = std::copyable<R> && std::constructible_from<R, std::vector<ring_member>> &&
               requires(R const& r, std::string_view key, std::uint64_t hash, std::span<std::size_t> out) {
                   { R::hash_of(key) } noexcept -> std::same_as<std::uint64_t>;
                   { r.node_of(hash) } noexcept -> std::same_as<std::size_t>;
                   { r.successors(hash, out) } noexcept -> std::same_as<std::size_t>;
                   { r.members() } noexcept -> std::same_as<std::span<ring_member const>>;
                   { r.share(std::size_t{}) } noexcept -> std::same_as<double>;
               };

/// How many members a ring has at most, and the largest weight of one.
inline constexpr std::size_t max_ring_members = 1'024;
inline constexpr std::uint32_t max_ring_weight = 1'000'000;

namespace detail {

/// The indices of the members in the order of their names.
/// Throws option_error when there are none or too many, when two share a name, or when a name or a weight cannot be used.
inline std::vector<std::size_t> checked_name_order(std::vector<ring_member> const& members) {
    if (members.empty() || members.size() > max_ring_members) {
        throw option_error{"number of ring members", std::to_string(members.size()),
                           "between 1 and " + std::to_string(max_ring_members) + ": name the nodes that keep the keys"};
    }
    std::vector<std::size_t> order;
    for (auto const& member : members) {
        if (member.name.empty()) {
            throw option_error{"name of ring member " + std::to_string(order.size()), "",
                               "not empty: processes agree on a node by its name"};
        }
        if (member.weight == 0 || member.weight > max_ring_weight) {
            throw option_error{"weight of ring member " + member.name, std::to_string(member.weight),
                               "between 1 and " + std::to_string(max_ring_weight) +
                                   ": leave out a node that gets no keys"};
        }
        order.push_back(order.size());
    }
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return members[a].name < members[b].name; });
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (members[order[i]].name == members[order[i - 1]].name) {
            throw option_error{"ring member", members[order[i]].name,
                               "named once: give each node a name of its own, and more keys by its weight"};
        }
    }
    return order;
}

/// `members` with `changed` added, or in place of the one of its name.
inline std::vector<ring_member> with_member(std::vector<ring_member> members, ring_member changed) {
    auto const same = [&](ring_member const& each) { return each.name == changed.name; };
    auto const found = std::find_if(members.begin(), members.end(), same);
    if (found == members.end()) {
        members.push_back(std::move(changed));
    } else {
        *found = std::move(changed);
    }
    return members;
}

/// `members` without the one called `name`. Throws option_error when there is none.
inline std::vector<ring_member> without_member(std::vector<ring_member> members, std::string_view name) {
    if (std::erase_if(members, [&](ring_member const& each) { return each.name == name; }) == 0) {
        throw option_error{"ring member to remove", name, "the name of a member"};
    }
    return members;
}

} // namespace detail

} // namespace orfeas::inline v0::cache
