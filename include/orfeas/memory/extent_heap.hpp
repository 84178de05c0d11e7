// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/detail/size_bins.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace orfeas::inline v0::memory {

/// A range of addresses that an `extent_heap` handed out.
struct extent {
    std::uint32_t node;    ///< its name, for `extent_heap::deallocate`
    std::uint32_t region;  ///< the region that it lies in
    std::uint64_t address; ///< of its first byte
    std::uint64_t bytes;   ///< a multiple of extent_heap::unit_bytes
};

/// How far an `extent_heap` looks for a place before it says that there is none.
enum class search_effort {
    bounded,    ///< constant time; may miss extents of the request's own size class, and places for large alignments
    exhaustive, ///< finds a place if there is one, in time linear in the free extents; for the last try before failing
};

/// Hands out ranges of an address space that it never touches: all bookkeeping lies beside the memory, so the addresses
/// may be those of a device. A two-level segregated fit (see detail/size_bins.hpp) over nodes of 32 bytes that link each
/// other by index. Free neighbours are merged at once: no two free extents ever touch.
///
/// Allocation and deallocation take constant time, whatever the number of holes; node storage grows in amortised
/// constant time. Thread-compatible (distinct objects).
class extent_heap {
  public:
    /// Sizes and addresses are multiples of this; extents have at least this alignment.
    static constexpr std::uint64_t unit_bytes = 512;
    /// The largest region and the largest request.
    static constexpr std::uint64_t max_bytes = unit_bytes * std::numeric_limits<std::uint32_t>::max();
    static constexpr std::uint64_t max_alignment = std::uint64_t{1} << 30;

    /// The space that a request takes: rounded up to whole units, at least one.
    static constexpr std::uint64_t rounded(std::uint64_t bytes) noexcept {
        return std::max(bytes + (unit_bytes - 1), unit_bytes) & ~(unit_bytes - 1);
    }

    /// Adds a range to hand out from. `base` and `bytes` are multiples of unit_bytes, `bytes` in [unit_bytes, max_bytes].
    /// Ranges need not be adjacent and are never merged. Throws std::bad_alloc when there is no memory for bookkeeping.
    std::uint32_t add_region(std::uint64_t base, std::uint64_t bytes) {
        ORFEAS_ASSERT(base % unit_bytes == 0 && bytes % unit_bytes == 0 && bytes > 0 && bytes <= max_bytes,
                      "give the heap whole units");
        reserve_nodes(1);
        auto const id = vacant_region();
        auto const units = static_cast<std::uint32_t>(bytes / unit_bytes);
        auto const first = new_node();
        nodes_[first] = {.units = units, .region = id};
        regions_[id] = {.base = base, .first = first, .units = units};
        insert(first);
        return id;
    }

    /// Takes a region out of use if all of it is free: nothing is handed out from it until `restore_region`.
    /// False, and without effect, when something of it is in use.
    bool withdraw_region(std::uint32_t id) noexcept {
        auto const& r = regions_[id];
        auto const first = nodes_[r.first];
        if (first.state != state::free || first.units != r.units) {
            return false;
        }
        unlink(r.first);
        free_units_ -= r.units;
        nodes_[r.first].state = state::withdrawn;
        return true;
    }

    /// Puts a withdrawn region back into use.
    void restore_region(std::uint32_t id) noexcept { insert(withdrawn_node(id)); }

    /// Forgets a withdrawn region; its number may name another region later.
    void remove_region(std::uint32_t id) noexcept {
        drop_node(withdrawn_node(id));
        regions_[id] = {.first = nil, .next_vacant = vacant_regions_};
        vacant_regions_ = id;
    }

    /// Finds room for `bytes` (0 counts as 1) at an address that is a multiple of `alignment`, a power of two up to
    /// max_alignment. Empty when there is none, or none was found with the effort allowed.
    /// Throws std::bad_alloc when there is no memory for bookkeeping; the heap is then unchanged.
    std::optional<extent> allocate(std::uint64_t bytes, std::uint64_t alignment = unit_bytes,
                                   search_effort effort = search_effort::bounded) {
        ORFEAS_ASSERT(alignment <= max_alignment && (alignment & (alignment - 1)) == 0 && alignment != 0,
                      "alignments are powers of two up to extent_heap::max_alignment");
        if (bytes > max_bytes) {
            return std::nullopt;
        }
        reserve_nodes(2);
        auto const units = static_cast<std::uint32_t>(rounded(bytes) / unit_bytes);
        if (alignment <= unit_bytes) {
            auto const n = effort == search_effort::bounded ? find(units) : find_anywhere(units, unit_bytes);
            if (n == nil) {
                return std::nullopt;
            }
            return take(n, 0, units);
        }
        auto const n =
            effort == search_effort::bounded ? find_aligned(units, alignment) : find_anywhere(units, alignment);
        if (n == nil) {
            return std::nullopt;
        }
        return take(n, padding(n, alignment), units);
    }

    /// Takes back an extent by its node. Any other number than that of an extent in use is a caller's bug.
    void deallocate(std::uint32_t n) noexcept {
        ORFEAS_ASSERT(n < nodes_.size() && nodes_[n].state == state::used && n != nil, "free an extent once");
        free_units_ += nodes_[n].units;
        --used_count_;
        if (auto const after = nodes_[n].after; nodes_[after].state == state::free) {
            unlink(after);
            absorb(n, after);
        }
        if (auto const before = nodes_[n].before; nodes_[before].state == state::free) {
            unlink(before);
            absorb(before, n);
            n = before;
        }
        link(n);
    }

    /// The extent of a node in use.
    extent at(std::uint32_t n) const noexcept {
        auto const& each = nodes_[n];
        return {n, each.region, address(each), each.units * unit_bytes};
    }

    std::uint64_t free_bytes() const noexcept { return free_units_ * unit_bytes; } ///< in regions not withdrawn
    std::uint64_t used_count() const noexcept { return used_count_; }              ///< extents handed out
    std::uint64_t free_count() const noexcept { return free_count_; }              ///< extents to hand out

    /// The size of the largest free extent. Linear in the free extents of the largest size class that is in use, which
    /// are few unless many holes of almost the same size above 32 KiB are all that is left.
    std::uint64_t largest_free_bytes() const noexcept {
        auto const bin = bitmap_.last();
        if (bin == detail::bin_bitmap::none) {
            return 0;
        }
        std::uint32_t largest = 0;
        for (auto n = bins_[bin]; n != nil; n = nodes_[n].next) {
            largest = std::max(largest, nodes_[n].units);
            if (detail::size_bins::exact(largest)) {
                break;
            }
        }
        return largest * unit_bytes;
    }

    /// Walks everything and says whether the bookkeeping is consistent; for tests and for debugging. Linear.
    bool consistent() const {
        std::uint64_t free_units = 0;
        std::uint64_t used = 0;
        std::uint64_t free_extents = 0;
        for (auto const& r : regions_) {
            if (r.first == nil) {
                continue;
            }
            std::uint64_t covered = 0;
            auto before = nil;
            for (auto n = r.first; n != nil; before = n, n = nodes_[n].after) {
                auto const& each = nodes_[n];
                if (each.first != covered || each.before != before || each.units == 0) {
                    return false;
                }
                if (each.state == state::free && nodes_[before].state == state::free) {
                    return false;
                }
                if (each.state == state::free && !in_its_bin(n)) {
                    return false;
                }
                covered += each.units;
                used += each.state == state::used;
                free_extents += each.state == state::free;
                free_units += each.state == state::free ? each.units : 0;
            }
            if (covered != r.units) {
                return false;
            }
        }
        return free_units == free_units_ && used == used_count_ && free_extents == free_count_ &&
               bins_match(free_extents);
    }

  private:
    using index = std::uint32_t;

    /// No node. Node 0 exists, is never free, and may be written through: links to nowhere need no test.
    static constexpr index nil = 0;
    /// Free extents of the request's own size class that are tried before the next class, where every extent fits.
    static constexpr int tries = 8;

    enum class state : std::uint32_t { vacant, used, free, withdrawn };

    struct node {
        std::uint32_t first = 0; // unit within the region
        std::uint32_t units = 0;
        index before = nil; // neighbours in address order
        index after = nil;
        index previous = nil; // in the bin; of a vacant node, only next
        index next = nil;
        std::uint32_t region = 0;
        extent_heap::state state = state::vacant;
    };
    static_assert(sizeof(node) == 32);

    struct region {
        std::uint64_t base = 0;
        index first = nil;
        std::uint32_t units = 0;
        std::uint32_t next_vacant = 0;
    };
    static constexpr std::uint32_t no_region = std::numeric_limits<std::uint32_t>::max();

    std::uint64_t address(node const& n) const noexcept { return regions_[n.region].base + n.first * unit_bytes; }

    /// Units between the start of free extent `n` and the first aligned address in it.
    std::uint32_t padding(index n, std::uint64_t alignment) const noexcept {
        auto const start = address(nodes_[n]);
        return static_cast<std::uint32_t>(((alignment - start % alignment) % alignment) / unit_bytes);
    }

    bool fits(index n, std::uint32_t units, std::uint64_t alignment) const noexcept {
        auto const have = nodes_[n].units;
        return have >= units && padding(n, alignment) <= have - units;
    }

    index find(std::uint32_t units) const noexcept {
        auto const bin = detail::size_bins::of(units);
        if (detail::size_bins::exact(units)) {
            return head_from(bin);
        }
        auto n = bins_[bin];
        for (int i = 0; n != nil && i < tries; n = nodes_[n].next, ++i) {
            if (nodes_[n].units >= units) {
                return n;
            }
        }
        return head_from(bin + 1);
    }

    index find_aligned(std::uint32_t units, std::uint64_t alignment) const noexcept {
        auto n = bins_[detail::size_bins::of(units)];
        for (int i = 0; n != nil && i < tries; n = nodes_[n].next, ++i) {
            if (fits(n, units, alignment)) {
                return n;
            }
        }
        std::uint64_t const padded =
            units + alignment / unit_bytes - 1; // any extent of this size has room at any offset
        return padded > std::numeric_limits<std::uint32_t>::max() ? nil : find(static_cast<std::uint32_t>(padded));
    }

    index find_anywhere(std::uint32_t units, std::uint64_t alignment) const noexcept {
        auto bin = bitmap_.first_from(detail::size_bins::of(units));
        for (; bin != detail::bin_bitmap::none; bin = bitmap_.first_from(bin + 1)) {
            for (auto n = bins_[bin]; n != nil; n = nodes_[n].next) {
                if (fits(n, units, alignment)) {
                    return n;
                }
            }
        }
        return nil;
    }

    index head_from(unsigned bin) const noexcept {
        auto const found = bitmap_.first_from(bin);
        return found == detail::bin_bitmap::none ? nil : bins_[found];
    }

    /// Cuts [skip, skip + units) out of the free extent `n`; what is left before and after it stays free.
    extent take(index n, std::uint32_t skip, std::uint32_t units) noexcept {
        unlink(n);
        if (skip > 0) {
            auto const front = n;
            n = split(front, skip);
            link(front);
        }
        if (nodes_[n].units > units) {
            link(split(n, units));
        }
        nodes_[n].state = state::used;
        free_units_ -= units;
        ++used_count_;
        return at(n);
    }

    /// Cuts the extent `n` after `units`; returns the new extent that holds the rest.
    index split(index n, std::uint32_t units) noexcept {
        auto const rest = new_node();
        auto& left = nodes_[n];
        nodes_[rest] = {.first = left.first + units,
                        .units = left.units - units,
                        .before = n,
                        .after = left.after,
                        .region = left.region};
        nodes_[left.after].before = rest;
        left.after = rest;
        left.units = units;
        return rest;
    }

    /// Lengthens `n` by its neighbour `after`, whose node becomes vacant.
    void absorb(index n, index after) noexcept {
        nodes_[n].units += nodes_[after].units;
        nodes_[n].after = nodes_[after].after;
        nodes_[nodes_[after].after].before = n;
        drop_node(after);
    }

    /// Puts an extent into the bin of its size, as the first to be taken: the most recently used memory is the warmest.
    void link(index n) noexcept {
        auto const bin = detail::size_bins::of(nodes_[n].units);
        auto const head = bins_[bin];
        nodes_[n].state = state::free;
        nodes_[n].previous = nil;
        nodes_[n].next = head;
        nodes_[head].previous = n;
        bins_[bin] = n;
        bitmap_.set(bin);
        ++free_count_;
    }

    /// Takes a free extent out of its bin.
    void unlink(index n) noexcept {
        auto const& each = nodes_[n];
        nodes_[each.next].previous = each.previous;
        --free_count_;
        if (each.previous != nil) {
            nodes_[each.previous].next = each.next;
            return;
        }
        auto const bin = detail::size_bins::of(each.units);
        bins_[bin] = each.next;
        if (each.next == nil) {
            bitmap_.clear(bin);
        }
    }

    void insert(index n) noexcept {
        free_units_ += nodes_[n].units;
        link(n);
    }

    /// Makes sure that `count` calls of new_node succeed.
    void reserve_nodes(std::size_t count) {
        if (vacant_count_ >= count) [[likely]] {
            return;
        }
        grow_nodes();
    }

    void grow_nodes() {
        auto const old = nodes_.size();
        nodes_.resize(std::max<std::size_t>(old * 2, 128));
        for (auto n = nodes_.size(); n-- > old;) {
            drop_node(static_cast<index>(n));
        }
        if (old != 0) {
            return;
        }
        --vacant_count_; // node 0 is nil
        vacant_ = 1;
        nodes_[nil].state = state::used;
    }

    index new_node() noexcept {
        auto const n = vacant_;
        vacant_ = nodes_[n].next;
        --vacant_count_;
        return n;
    }

    void drop_node(index n) noexcept {
        nodes_[n].state = state::vacant;
        nodes_[n].next = vacant_;
        vacant_ = n;
        ++vacant_count_;
    }

    std::uint32_t vacant_region() {
        if (vacant_regions_ == no_region) {
            regions_.emplace_back();
            return static_cast<std::uint32_t>(regions_.size() - 1);
        }
        auto const id = vacant_regions_;
        vacant_regions_ = regions_[id].next_vacant;
        return id;
    }

    index withdrawn_node(std::uint32_t id) const noexcept {
        auto const n = regions_[id].first;
        ORFEAS_ASSERT(nodes_[n].state == state::withdrawn, "withdraw the region first");
        return n;
    }

    bool in_its_bin(index wanted) const {
        auto n = bins_[detail::size_bins::of(nodes_[wanted].units)];
        while (n != nil && n != wanted) {
            n = nodes_[n].next;
        }
        return n == wanted;
    }

    bool bins_match(std::uint64_t free_extents) const {
        std::uint64_t listed = 0;
        for (unsigned bin = 0; bin < detail::size_bins::count; ++bin) {
            if (bitmap_.test(bin) != (bins_[bin] != nil)) {
                return false;
            }
            for (auto n = bins_[bin]; n != nil; n = nodes_[n].next) {
                if (detail::size_bins::of(nodes_[n].units) != bin) {
                    return false;
                }
                ++listed;
            }
        }
        return listed == free_extents;
    }

    std::vector<node> nodes_;
    std::vector<region> regions_;
    std::array<index, detail::size_bins::count> bins_{};
    detail::bin_bitmap bitmap_;
    index vacant_ = nil;
    std::size_t vacant_count_ = 0;
    std::uint32_t vacant_regions_ = no_region;
    std::uint64_t free_units_ = 0;
    std::uint64_t used_count_ = 0;
    std::uint64_t free_count_ = 0;
};

} // namespace orfeas::inline v0::memory
