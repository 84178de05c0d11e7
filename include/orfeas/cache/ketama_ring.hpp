// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/md5.hpp>
#include <orfeas/cache/ring.hpp>
#include <orfeas/core/assert.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// The consistent-hashing ring of libketama, libmemcached (weighted ketama), twemproxy and many clients, for servers that
/// are shared with them: the same names and weights send the same keys to the same servers. Where nobody else writes to
/// the servers, `hash_ring` balances better: here a node may hold 20 % more than its share.
///
/// A member's name is what the others hash for it, and that is their choice: libmemcached and twemproxy take "host:port",
/// but only "host" for port 11211. A member has 160 points at equal weights, four from each MD5 of "name-0", "name-1", …
/// in little-endian words, and with weights 4 * floor(40 * members * weight / total). A key belongs to the first point at or
/// after the first word of its MD5; past the last point, to the first one.
///
/// An immutable value. Lookup is O(log points), and the MD5 of a key costs some 200 ns. Thread-safe.
class ketama_ring {
  public:
    /// Throws option_error as `hash_ring` does, and for weights so uneven that a member has no point at all.
    explicit ketama_ring(std::vector<ring_member> members) : members_{std::move(members)} {
        detail::checked_name_order(members_);
        std::uint64_t total = 0;
        for (auto const& member : members_) {
            total += member.weight;
        }
        for (std::size_t index = 0; index < members_.size(); ++index) {
            add_points(index, total);
        }
        // Two points on one value: the member whose name comes first keeps it, whatever the order they were given in.
        std::sort(points_.begin(), points_.end(), [this](point a, point b) {
            return a.value != b.value ? a.value < b.value : members_[a.node].name < members_[b.node].name;
        });
    }

    /// The first four bytes of the key's MD5, as a little-endian number.
    static std::uint64_t hash_of(std::string_view key) noexcept { return detail::md5(key)[0]; }

    /// The index of the member that owns a hash. `hash` is below 2^32.
    std::size_t node_of(std::uint64_t hash) const noexcept { return points_[point_of(hash)].node; }

    /// Fills `out` with the other members in the order in which the ring meets them after `hash`; gives how many.
    /// Complexity: points x size of `out`.
    std::size_t successors(std::uint64_t hash, std::span<std::size_t> out) const noexcept {
        std::size_t const first = point_of(hash);
        std::size_t filled = 0;
        for (std::size_t i = 1; i < points_.size() && filled < out.size(); ++i) {
            std::size_t const node = points_[(first + i) % points_.size()].node;
            auto const taken = out.first(filled);
            if (node != points_[first].node && std::find(taken.begin(), taken.end(), node) == taken.end()) {
                out[filled++] = node;
            }
        }
        return filled;
    }

    std::span<ring_member const> members() const noexcept { return members_; }
    std::size_t size() const noexcept { return members_.size(); }

    /// The part of all hashes that the node owns. Complexity: linear in the points. `node` is below `size()`.
    double share(std::size_t node) const noexcept {
        ORFEAS_ASSERT(node < members_.size(), "the index of a member");
        std::uint64_t owned = 0;
        std::uint64_t before = points_.back().value - (std::uint64_t{1} << 32); // the last point of the round before
        for (auto const& each : points_) {
            owned += each.node == node ? each.value - before : 0;
            before = each.value;
        }
        return static_cast<double>(owned) / 4294967296.0;
    }

    /// This ring with one more member or, where the name is taken, with that member's weight changed.
    ketama_ring with(ring_member member) const { return ketama_ring{detail::with_member(members_, std::move(member))}; }

    /// This ring without one of its members. Throws option_error when there is none of this name, or no other.
    ketama_ring without(std::string_view name) const { return ketama_ring{detail::without_member(members_, name)}; }

    /// How many points the ring has.
    std::size_t point_count() const noexcept { return points_.size(); }

  private:
    struct point {
        std::uint32_t value;
        std::uint32_t node;
    };

    void add_points(std::size_t index, std::uint64_t total) {
        auto const& member = members_[index];
        // In single precision and in this order, as the other clients compute it: one rounding decides about four points.
        float const part = static_cast<float>(member.weight) / static_cast<float>(total);
        float const tens = part * 160.0F / 4.0F * static_cast<float>(members_.size());
        auto const digests = static_cast<std::size_t>(std::floor(static_cast<double>(tens) + 1e-10));
        if (digests == 0) {
            throw option_error{"weight of ring member " + member.name, std::to_string(member.weight),
                               "at least a fortieth of the mean weight, or the member has no point on the ring"};
        }
        for (std::size_t i = 0; i < digests; ++i) {
            for (std::uint32_t const value : detail::md5(member.name + "-" + std::to_string(i))) {
                points_.push_back({value, static_cast<std::uint32_t>(index)});
            }
        }
    }

    std::size_t point_of(std::uint64_t hash) const noexcept {
        ORFEAS_ASSERT(hash >> 32 == 0, "a hash of ketama_ring::hash_of");
        auto const found = std::lower_bound(points_.begin(), points_.end(), hash,
                                            [](point each, std::uint64_t value) { return each.value < value; });
        return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
    }

    std::vector<ring_member> members_;
    std::vector<point> points_; // by value
};
static_assert(ring<ketama_ring>);

} // namespace orfeas::inline v0::cache
