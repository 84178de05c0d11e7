// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/extent_node.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Free extents by address: finds the lowest one that is large enough, which keeps what lives together and what is free
/// in one piece. For few and large extents of a single region.
///
/// The region is cut into buckets; a tree of maxima over them leads to the first bucket where an extent begins that is
/// large enough. All calls but the walks take time logarithmic in the region's size (base 16), and linear in the extents
/// that begin in one bucket of 2 MiB.
class address_index {
  public:
    void link(extent_nodes& nodes, node_index n) {
        auto const bucket = bucket_of(nodes[n]);
        auto& head = heads_[bucket];
        nodes[n].previous = nil;
        nodes[n].next = head;
        nodes[head].previous = n;
        head = n;
        raise(bucket, nodes[n].units);
    }

    void unlink(extent_nodes& nodes, node_index n) noexcept {
        auto const& each = nodes[n];
        auto const bucket = bucket_of(each);
        nodes[each.next].previous = each.previous;
        if (each.previous != nil) {
            nodes[each.previous].next = each.next;
        } else {
            heads_[bucket] = each.next;
        }
        if (each.units == levels_[0][bucket]) {
            lower(bucket, largest_in(nodes, bucket));
        }
    }

    /// Makes room for the units [0, units) of the region. Throws std::bad_alloc.
    void cover(std::uint32_t units) {
        std::size_t buckets = (std::size_t{units} + bucket_units - 1) / bucket_units;
        heads_.reserve(buckets);
        for (auto& level : levels_) {
            level.reserve(buckets);
            buckets = (buckets + fan_out - 1) / fan_out;
        }
        buckets = (std::size_t{units} + bucket_units - 1) / bucket_units;
        if (heads_.size() < buckets) {
            heads_.resize(buckets, nil);
        }
        for (auto& level : levels_) {
            if (level.size() < buckets) {
                level.resize(buckets, 0);
            }
            buckets = (buckets + fan_out - 1) / fan_out;
        }
    }

    /// The lowest extent of at least `units`.
    node_index find(extent_nodes const& nodes, std::uint32_t units) const noexcept {
        auto const bucket = first_bucket(units, 0);
        return bucket == none ? nil : lowest_in(nodes, bucket, units);
    }

    /// As `find_if`; what it finds without looking far is what it finds.
    template<class Accepts>
    node_index find_padded(extent_nodes const& nodes, std::uint32_t units, std::uint32_t, Accepts accepts) const {
        return find_if(nodes, units, accepts);
    }

    /// The lowest extent of at least `units` for which `accepts(n)`.
    template<class Accepts>
    node_index find_if(extent_nodes const& nodes, std::uint32_t units, Accepts accepts) const {
        for (auto bucket = first_bucket(units, 0); bucket != none; bucket = first_bucket(units, bucket + 1)) {
            auto lowest = nil;
            for (auto n = heads_[bucket]; n != nil; n = nodes[n].next) {
                if (accepts(n) && (lowest == nil || nodes[n].first < nodes[lowest].first)) {
                    lowest = n;
                }
            }
            if (lowest != nil) {
                return lowest;
            }
        }
        return nil;
    }

    /// The units of the largest extent.
    std::uint32_t largest(extent_nodes const&) const noexcept {
        std::uint32_t most = 0;
        for (auto const each : levels_.back()) {
            most = most < each ? each : most;
        }
        return most;
    }

    /// Calls visit(n) for each extent of at least `units`; visit may unlink n, and must not link any.
    template<class Visit>
    void for_each(extent_nodes const& nodes, std::uint32_t units, Visit visit) const {
        for (auto bucket = first_bucket(units, 0); bucket != none; bucket = first_bucket(units, bucket + 1)) {
            for (auto n = heads_[bucket]; n != nil;) {
                auto const next = nodes[n].next;
                if (nodes[n].units >= units) {
                    visit(n);
                }
                n = next;
            }
        }
    }

    /// Whether the tree tells the truth about `expected` extents; for tests. Linear.
    bool consistent(extent_nodes const& nodes, std::uint64_t expected) const {
        std::uint64_t listed = 0;
        for (std::size_t bucket = 0; bucket < heads_.size(); ++bucket) {
            for (auto n = heads_[bucket]; n != nil; n = nodes[n].next) {
                if (bucket_of(nodes[n]) != bucket) {
                    return false;
                }
                ++listed;
            }
            if (levels_[0][bucket] != largest_in(nodes, bucket)) {
                return false;
            }
        }
        for (std::size_t level = 1; level < levels; ++level) {
            for (std::size_t i = 0; i < levels_[level].size(); ++i) {
                if (levels_[level][i] != largest_below(level, i)) {
                    return false;
                }
            }
        }
        return listed == expected;
    }

  private:
    static constexpr std::uint32_t bucket_units = 4096; // 2 MiB
    static constexpr std::size_t fan_out = 16;
    static constexpr std::size_t levels = 4; // the last level has a maximum for every 8 GiB
    static constexpr std::size_t none = ~std::size_t{0};

    static std::size_t bucket_of(extent_node const& n) noexcept { return n.first / bucket_units; }

    void raise(std::size_t i, std::uint32_t units) noexcept {
        for (auto& level : levels_) {
            if (level[i] >= units) {
                return;
            }
            level[i] = units;
            i /= fan_out;
        }
    }

    void lower(std::size_t i, std::uint32_t units) noexcept {
        levels_[0][i] = units;
        for (std::size_t level = 1; level < levels; ++level) {
            i /= fan_out;
            auto const now = largest_below(level, i);
            if (levels_[level][i] == now) {
                return;
            }
            levels_[level][i] = now;
        }
    }

    std::uint32_t largest_below(std::size_t level, std::size_t i) const noexcept {
        auto const& below = levels_[level - 1];
        auto const end = below.size() < (i + 1) * fan_out ? below.size() : (i + 1) * fan_out;
        std::uint32_t most = 0;
        for (auto k = i * fan_out; k < end; ++k) {
            most = most < below[k] ? below[k] : most;
        }
        return most;
    }

    std::uint32_t largest_in(extent_nodes const& nodes, std::size_t bucket) const noexcept {
        std::uint32_t most = 0;
        for (auto n = heads_[bucket]; n != nil; n = nodes[n].next) {
            most = most < nodes[n].units ? nodes[n].units : most;
        }
        return most;
    }

    node_index lowest_in(extent_nodes const& nodes, std::size_t bucket, std::uint32_t units) const noexcept {
        auto lowest = nil;
        for (auto n = heads_[bucket]; n != nil; n = nodes[n].next) {
            if (nodes[n].units >= units && (lowest == nil || nodes[n].first < nodes[lowest].first)) {
                lowest = n;
            }
        }
        return lowest;
    }

    /// The first bucket at or after `from` where an extent of at least `units` begins: up the tree until a later sibling
    /// has one, then down to the first.
    std::size_t first_bucket(std::uint32_t units, std::size_t from) const noexcept {
        std::size_t level = 0;
        auto i = from;
        for (;;) {
            auto const& here = levels_[level];
            auto const last = level + 1 == levels;
            auto const end =
                last || here.size() < (i / fan_out + 1) * fan_out ? here.size() : (i / fan_out + 1) * fan_out;
            while (i < end && here[i] < units) {
                ++i;
            }
            if (i < end) {
                break;
            }
            if (last || i >= here.size()) {
                return none;
            }
            i /= fan_out;
            ++level;
        }
        while (level > 0) {
            --level;
            i *= fan_out;
            while (levels_[level][i] < units) {
                ++i;
            }
        }
        return i;
    }

    std::vector<node_index> heads_;
    std::array<std::vector<std::uint32_t>, levels> levels_;
};

} // namespace orfeas::inline v0::memory::detail
