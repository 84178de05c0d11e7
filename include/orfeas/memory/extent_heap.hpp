// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/detail/address_index.hpp>
#include <orfeas/memory/detail/extent_node.hpp>
#include <orfeas/memory/detail/size_class_index.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory {

/// A range of addresses that an extent heap handed out.
struct extent {
    std::uint32_t node;    ///< its name, for `deallocate`
    std::uint32_t region;  ///< the region that it lies in
    std::uint64_t address; ///< of its first byte
    std::uint64_t bytes;   ///< a multiple of extent_heap::unit_bytes
};

/// How far an extent heap looks for a place before it says that there is none.
enum class search_effort {
    bounded,    ///< constant time; may miss extents of the request's own size class, and places for large alignments
    exhaustive, ///< finds a place if there is one, in time linear in the free extents; for the last try before failing
};

/// Who may have a free extent. Owner 0 is everyone; the others are the caller's to name, for instance a stream of a device
/// on which memory was freed in stream order, and which alone may have it until that point of the stream has passed.
using extent_owner = std::uint8_t;

/// Hands out ranges of an address space that it never touches: all bookkeeping lies beside the memory, so the addresses
/// may be those of a device. Nodes of 32 bytes link each other by index; free neighbours of one owner are merged at once.
/// `FreeIndex` says which of the free extents that would do is taken (see detail/size_class_index.hpp, a two-level
/// segregated fit, and detail/address_index.hpp).
///
/// Parts of a region may be absent: addresses without memory, which are not handed out. `supply` and `withdraw` change
/// that, for memory that is mapped and unmapped page by page.
///
/// Allocation and deallocation take the index's time, whatever the number of holes; node storage grows in amortised
/// constant time. Thread-compatible (distinct objects).
template<class FreeIndex>
class basic_extent_heap {
  public:
    /// Sizes and addresses are multiples of this; extents have at least this alignment.
    static constexpr std::uint64_t unit_bytes = 512;
    /// The largest region and the largest request.
    static constexpr std::uint64_t max_bytes = unit_bytes * 4'294'967'295U;
    static constexpr std::uint64_t max_alignment = std::uint64_t{1} << 30;
    /// The most regions at a time.
    static constexpr std::size_t max_regions = 65535;

    /// The space that a request takes: rounded up to whole units, at least one.
    static constexpr std::uint64_t rounded(std::uint64_t bytes) noexcept {
        return bytes == 0 ? unit_bytes : (bytes + (unit_bytes - 1)) & ~(unit_bytes - 1);
    }

    /// Adds a range to hand out from. `base` and `bytes` are multiples of unit_bytes, `bytes` in [unit_bytes, max_bytes].
    /// Ranges need not be adjacent and are never merged. Throws std::bad_alloc when there is no memory for bookkeeping, or
    /// there are max_regions already.
    std::uint32_t add_region(std::uint64_t base, std::uint64_t bytes) {
        cover(static_cast<std::uint32_t>(bytes / unit_bytes));
        auto const id = new_region(base, bytes, detail::node_state::free);
        insert(regions_[id].first, 0);
        return id;
    }

    /// As `add_region`, but all of it is absent until it is supplied.
    std::uint32_t add_absent_region(std::uint64_t base, std::uint64_t bytes) {
        auto const id = new_region(base, bytes, detail::node_state::absent);
        enlist_absent(regions_[id].first);
        return id;
    }

    /// Whether all of a region is free for everyone.
    bool unused_region(std::uint32_t id) const noexcept {
        auto const& r = regions_[id];
        return is_free_for(r.first, 0) && nodes_[r.first].units == r.units;
    }

    /// Takes a region out of use if all of it is free for everyone: nothing is handed out from it until `restore_region`.
    /// False, and without effect, when something of it is in use.
    bool withdraw_region(std::uint32_t id) noexcept {
        if (!unused_region(id)) {
            return false;
        }
        auto const first = regions_[id].first;
        unlink(first);
        nodes_[first].state = detail::node_state::withdrawn;
        return true;
    }

    /// Puts a withdrawn region back into use.
    void restore_region(std::uint32_t id) noexcept { insert(withdrawn_node(id), 0); }

    /// Forgets a withdrawn region; its number may name another region later.
    void remove_region(std::uint32_t id) noexcept {
        drop_node(withdrawn_node(id));
        regions_[id] = region_record{.first = detail::nil, .next_vacant = vacant_regions_};
        vacant_regions_ = id;
    }

    /// Finds room for `bytes` (0 counts as 1) at an address that is a multiple of `alignment`, a power of two up to
    /// max_alignment, in what is free for everyone. Empty when there is none, or none was found with the effort allowed.
    /// Throws std::bad_alloc when there is no memory for bookkeeping; the heap is then unchanged.
    std::optional<extent> allocate(std::uint64_t bytes, std::uint64_t alignment = unit_bytes,
                                   search_effort effort = search_effort::bounded) {
        return allocate_from(0, bytes, alignment, effort);
    }

    /// As `allocate`, in what is free for `owner` alone.
    std::optional<extent> allocate_from(extent_owner owner, std::uint64_t bytes, std::uint64_t alignment = unit_bytes,
                                        search_effort effort = search_effort::bounded) {
        ORFEAS_ASSERT(alignment <= max_alignment && (alignment & (alignment - 1)) == 0 && alignment != 0,
                      "alignments are powers of two up to extent_heap::max_alignment");
        if (bytes > max_bytes || owner > owned_.size()) {
            return std::nullopt;
        }
        reserve_nodes(2);
        auto const units = static_cast<std::uint32_t>(rounded(bytes) / unit_bytes);
        if (alignment <= unit_bytes && effort == search_effort::bounded) [[likely]] {
            auto const n = free_of(owner).find(nodes_, units);
            if (n == detail::nil) {
                return std::nullopt;
            }
            return take(n, 0, units);
        }
        auto const n = find_aligned(free_of(owner), units, alignment < unit_bytes ? unit_bytes : alignment, effort);
        if (n == detail::nil) {
            return std::nullopt;
        }
        return take(n, padding(n, alignment), units);
    }

    /// Takes back an extent by its node, for everyone. Any other number than that of an extent in use is a caller's bug.
    void deallocate(std::uint32_t n) noexcept { deallocate_for(0, 0, n); }

    /// Takes back an extent for `owner` alone, which `add_owner` named; `epoch` is the time of it, for `settle`.
    void deallocate_for(extent_owner owner, std::uint32_t epoch, std::uint32_t n) noexcept {
        ORFEAS_ASSERT(n < nodes_.size() && nodes_[n].state == detail::node_state::used && n != detail::nil,
                      "free an extent once");
        --used_count_;
        nodes_[n].epoch = epoch;
        insert_merged(n, owner);
    }

    /// Names one more owner, in [1, 255]; empty when there are no more names. Throws std::bad_alloc.
    std::optional<extent_owner> add_owner() {
        if (owned_.size() == 255) {
            return std::nullopt;
        }
        FreeIndex made;
        made.cover(covered_);
        owned_.push_back(std::move(made));
        return static_cast<extent_owner>(owned_.size());
    }

    /// Gives everyone what `owner` freed in the epochs up to `epoch`, and merges it with its neighbours. Epochs may wrap
    /// around. Returns the bytes. Linear in the owner's free extents.
    std::uint64_t settle(extent_owner owner, std::uint32_t epoch) noexcept { return transfer(owner, epoch, 0, 0); }

    /// As `settle`, but gives it to owner `to`, as if freed in its epoch `to_epoch`.
    std::uint64_t transfer(extent_owner owner, std::uint32_t epoch, extent_owner to, std::uint32_t to_epoch) noexcept {
        // gathered first: linking into an index while it is walked would disturb the walk
        auto ready = detail::nil;
        free_of(owner).for_each(nodes_, 1, [&](detail::node_index n) {
            if (!detail::is_before(epoch, nodes_[n].epoch)) {
                unlink(n);
                nodes_[n].state = detail::node_state::used;
                nodes_[n].next = ready;
                ready = n;
            }
        });
        std::uint64_t moved = 0;
        while (ready != detail::nil) {
            auto const n = ready;
            ready = nodes_[n].next;
            moved += nodes_[n].units * unit_bytes;
            nodes_[n].epoch = to_epoch;
            insert_merged(n, to);
        }
        return moved;
    }

    /// The extent of a node in use.
    extent at(std::uint32_t n) const noexcept {
        auto const& each = nodes_[n];
        return {n, each.region, address(each), each.units * unit_bytes};
    }

    std::uint64_t free_bytes() const noexcept { return free_units_ * unit_bytes; } ///< in regions not withdrawn
    std::uint64_t used_count() const noexcept { return used_count_; }              ///< extents handed out
    std::uint64_t free_count() const noexcept { return free_count_; }              ///< extents to hand out

    /// The size of the largest extent that is free for everyone.
    std::uint64_t largest_free_bytes() const noexcept { return everyones_.largest(nodes_) * unit_bytes; }

    /// A run of absent addresses, and what lies free for everyone on both sides of it.
    struct gap {
        std::uint64_t address;
        std::uint64_t bytes;
        std::uint32_t before; ///< the node of the free extent that ends where the gap begins; 0: none
        std::uint32_t after;  ///< and of the one that begins where it ends
        bool last;            ///< of its region
    };

    /// Calls visit(gap) for each run of absent addresses.
    template<class Visit>
    void for_each_gap(Visit visit) const {
        for (auto n = absent_; n != detail::nil; n = nodes_[n].next) {
            auto const& each = nodes_[n];
            visit(gap{address(each), each.units * unit_bytes, free_or_nil(each.before), free_or_nil(each.after),
                      each.after == detail::nil});
        }
    }

    /// Calls visit(extent) for each extent of at least `bytes` that is free for everyone; visit must not change the heap.
    template<class Visit>
    void for_each_free(std::uint64_t bytes, Visit visit) const {
        everyones_.for_each(nodes_, static_cast<std::uint32_t>(rounded(bytes) / unit_bytes),
                            [&](detail::node_index n) { visit(at(n)); });
    }

    /// What a range of a region is.
    enum class range_state : std::uint8_t { used, free, absent };

    /// Calls visit(extent, range_state, owner) for every range of every region that is not withdrawn, in order of
    /// addresses within a region; visit must not change the heap.
    template<class Visit>
    void for_each_range(Visit visit) const {
        for (auto const& r : regions_) {
            for (auto n = r.first; n != detail::nil; n = nodes_[n].after) {
                auto const state = nodes_[n].state;
                if (state != detail::node_state::withdrawn) {
                    visit(at(n),
                          state == detail::node_state::used   ? range_state::used
                          : state == detail::node_state::free ? range_state::free
                                                              : range_state::absent,
                          nodes_[n].owner);
                }
            }
        }
    }

    /// Hands out a free extent as a whole; `n` is its node.
    extent take_whole(std::uint32_t n) noexcept {
        ORFEAS_ASSERT(nodes_[n].state == detail::node_state::free, "take a free extent");
        unlink(n);
        nodes_[n].state = detail::node_state::used;
        ++used_count_;
        return at(n);
    }

    /// Makes absent addresses [address, address + bytes) of a region free for everyone: there is memory behind them now.
    /// Throws std::bad_alloc, and is then without effect.
    void supply(std::uint32_t region, std::uint64_t address, std::uint64_t bytes) {
        reserve_nodes(2);
        auto const first = unit_of(region, address);
        cover(first + static_cast<std::uint32_t>(bytes / unit_bytes));
        auto const n = cut(absent_at(region, first), first, static_cast<std::uint32_t>(bytes / unit_bytes));
        unlist_absent(n);
        insert_merged(n, 0);
    }

    /// Takes absent addresses out of use for good, as if they were handed out. Throws std::bad_alloc, and is then without
    /// effect.
    void withhold(std::uint32_t region, std::uint64_t address, std::uint64_t bytes) {
        reserve_nodes(2);
        auto const first = unit_of(region, address);
        auto const n = cut(absent_at(region, first), first, static_cast<std::uint32_t>(bytes / unit_bytes));
        unlist_absent(n);
        nodes_[n].state = detail::node_state::used;
        ++used_count_;
    }

    /// Makes a part of the free extent `n` absent. Throws std::bad_alloc, and is then without effect.
    void withdraw(std::uint32_t n, std::uint64_t address, std::uint64_t bytes) {
        reserve_nodes(2);
        auto const first = unit_of(nodes_[n].region, address);
        auto const units = static_cast<std::uint32_t>(bytes / unit_bytes);
        ORFEAS_ASSERT(nodes_[n].state == detail::node_state::free && first >= nodes_[n].first &&
                          first + units <= nodes_[n].first + nodes_[n].units,
                      "withdraw what is free");
        unlink(n);
        if (first > nodes_[n].first) {
            auto const front = n;
            n = split(front, first - nodes_[front].first);
            link(front);
        }
        if (nodes_[n].units > units) {
            auto const rest = split(n, units);
            link(rest);
        }
        become_absent(n);
    }

    /// Walks everything and says whether the bookkeeping is consistent; for tests and for debugging. Linear.
    bool consistent() const {
        std::vector<std::uint64_t> free_extents(owned_.size() + 1);
        std::uint64_t free_units = 0;
        std::uint64_t used = 0;
        std::uint64_t absents = 0;
        for (auto const& r : regions_) {
            std::uint64_t covered = 0;
            auto before = detail::nil;
            for (auto n = r.first; n != detail::nil; before = n, n = nodes_[n].after) {
                auto const& each = nodes_[n];
                auto const& left = nodes_[before];
                if (each.first != covered || each.before != before || each.units == 0) {
                    return false;
                }
                if (before != detail::nil && each.state == left.state && each.owner == left.owner &&
                    (each.state == detail::node_state::free || each.state == detail::node_state::absent)) {
                    return false;
                }
                if (each.state == detail::node_state::free) {
                    free_units += each.units;
                    ++free_extents[each.owner];
                }
                covered += each.units;
                used += each.state == detail::node_state::used;
                absents += each.state == detail::node_state::absent;
            }
            if (r.first != detail::nil && covered != r.units) {
                return false;
            }
        }
        std::uint64_t all_free = 0;
        for (std::size_t owner = 0; owner <= owned_.size(); ++owner) {
            if (!free_of(static_cast<extent_owner>(owner)).consistent(nodes_, free_extents[owner])) {
                return false;
            }
            all_free += free_extents[owner];
        }
        for (auto n = absent_; n != detail::nil; n = nodes_[n].next) {
            --absents;
        }
        return absents == 0 && free_units == free_units_ && used == used_count_ && all_free == free_count_;
    }

  private:
    using node_index = detail::node_index;

    struct region_record {
        std::uint64_t base = 0;
        node_index first = detail::nil;
        std::uint32_t units = 0;
        std::uint32_t next_vacant = 0;
    };
    static constexpr std::uint32_t no_region = ~std::uint32_t{0};

    std::uint64_t address(detail::extent_node const& n) const noexcept {
        return regions_[n.region].base + n.first * unit_bytes;
    }

    std::uint32_t unit_of(std::uint32_t region, std::uint64_t address) const noexcept {
        return static_cast<std::uint32_t>((address - regions_[region].base) / unit_bytes);
    }

    /// Units between the start of free extent `n` and the first aligned address in it.
    std::uint32_t padding(node_index n, std::uint64_t alignment) const noexcept {
        auto const start = address(nodes_[n]);
        return static_cast<std::uint32_t>(((alignment - start % alignment) % alignment) / unit_bytes);
    }

    node_index find_aligned(FreeIndex const& free, std::uint32_t units, std::uint64_t alignment,
                            search_effort effort) const noexcept {
        auto const fits = [&](node_index n) {
            auto const have = nodes_[n].units;
            return have >= units && padding(n, alignment) <= have - units;
        };
        if (effort == search_effort::exhaustive) {
            return free.find_if(nodes_, units, fits);
        }
        auto const padded = units + alignment / unit_bytes - 1; // an extent of this size has room at any offset
        return padded > max_bytes / unit_bytes
                   ? detail::nil
                   : free.find_padded(nodes_, units, static_cast<std::uint32_t>(padded), fits);
    }

    std::uint32_t new_region(std::uint64_t base, std::uint64_t bytes, detail::node_state state) {
        ORFEAS_ASSERT(base % unit_bytes == 0 && bytes % unit_bytes == 0 && bytes > 0 && bytes <= max_bytes,
                      "give the heap whole units");
        reserve_nodes(1);
        auto const id = vacant_region();
        auto const units = static_cast<std::uint32_t>(bytes / unit_bytes);
        auto const first = new_node();
        nodes_[first] = detail::extent_node{.units = units, .region = static_cast<std::uint16_t>(id), .state = state};
        regions_[id] = region_record{.base = base, .first = first, .units = units};
        return id;
    }

    /// Makes room in every owner's index for units up to `units`.
    void cover(std::uint32_t units) {
        if (units <= covered_) {
            return;
        }
        everyones_.cover(units);
        for (auto& each : owned_) {
            each.cover(units);
        }
        covered_ = units;
    }

    FreeIndex& free_of(extent_owner owner) noexcept { return owner == 0 ? everyones_ : owned_[owner - 1U]; }
    FreeIndex const& free_of(extent_owner owner) const noexcept { return owner == 0 ? everyones_ : owned_[owner - 1U]; }

    /// Cuts [skip, skip + units) out of the free extent `n`; what is left before and after it stays its owner's.
    extent take(node_index n, std::uint32_t skip, std::uint32_t units) noexcept {
        auto& index = free_of(nodes_[n].owner);
        index.unlink(nodes_, n);
        --free_count_;
        free_units_ -= units;
        if (skip > 0) {
            auto const front = n;
            n = split(front, skip);
            index.link(nodes_, front);
            ++free_count_;
        }
        if (nodes_[n].units > units) {
            index.link(nodes_, split(n, units));
            ++free_count_;
        }
        nodes_[n].state = detail::node_state::used;
        ++used_count_;
        return at(n);
    }

    /// Cuts the extent `n` after `units`; returns the new extent that holds the rest.
    node_index split(node_index n, std::uint32_t units) noexcept {
        auto const rest = new_node();
        auto& left = nodes_[n];
        nodes_[rest] = detail::extent_node{.first = left.first + units,
                                           .units = left.units - units,
                                           .before = n,
                                           .after = left.after,
                                           .epoch = left.epoch,
                                           .region = left.region,
                                           .state = left.state,
                                           .owner = left.owner};
        nodes_[left.after].before = rest;
        left.after = rest;
        left.units = units;
        return rest;
    }

    /// Lengthens `n` by its neighbour `after`, whose node becomes vacant.
    void absorb(node_index n, node_index after) noexcept {
        nodes_[n].units += nodes_[after].units;
        nodes_[n].after = nodes_[after].after;
        nodes_[nodes_[after].after].before = n;
        drop_node(after);
    }

    bool is_free_for(node_index n, extent_owner owner) const noexcept {
        return nodes_[n].state == detail::node_state::free && nodes_[n].owner == owner;
    }

    node_index free_or_nil(node_index n) const noexcept { return is_free_for(n, 0) ? n : detail::nil; }

    /// Makes `n`, which is in no list, free for `owner`, together with its neighbours of the same owner. The later epoch
    /// of two is that of the sum.
    void insert_merged(node_index n, extent_owner owner) noexcept {
        auto& index = free_of(owner);
        free_units_ += nodes_[n].units;
        ++free_count_;
        if (auto const after = nodes_[n].after; is_free_for(after, owner)) {
            index.unlink(nodes_, after);
            --free_count_;
            keep_later_epoch(owner, n, after);
            absorb(n, after);
        }
        if (auto const before = nodes_[n].before; is_free_for(before, owner)) {
            index.unlink(nodes_, before);
            --free_count_;
            keep_later_epoch(owner, before, n);
            absorb(before, n);
            n = before;
        }
        nodes_[n].state = detail::node_state::free;
        nodes_[n].owner = owner;
        index.link(nodes_, n);
    }

    void keep_later_epoch(extent_owner owner, node_index n, node_index other) noexcept {
        if (owner != 0 && detail::is_before(nodes_[n].epoch, nodes_[other].epoch)) {
            nodes_[n].epoch = nodes_[other].epoch;
        }
    }

    void insert(node_index n, extent_owner owner) noexcept {
        nodes_[n].state = detail::node_state::free;
        nodes_[n].owner = owner;
        link(n);
    }

    /// Puts a free extent into its owner's index.
    void link(node_index n) noexcept {
        free_of(nodes_[n].owner).link(nodes_, n);
        free_units_ += nodes_[n].units;
        ++free_count_;
    }

    void unlink(node_index n) noexcept {
        free_of(nodes_[n].owner).unlink(nodes_, n);
        free_units_ -= nodes_[n].units;
        --free_count_;
    }

    node_index absent_at(std::uint32_t region, std::uint32_t unit) const noexcept {
        for (auto n = absent_; n != detail::nil; n = nodes_[n].next) {
            auto const& each = nodes_[n];
            if (each.region == region && each.first <= unit && unit - each.first < each.units) {
                return n;
            }
        }
        ORFEAS_ASSERT(false, "supply addresses that are absent");
        return detail::nil;
    }

    /// Cuts [first, first + units) out of the absent run `n`; what is left stays absent.
    node_index cut(node_index n, std::uint32_t first, std::uint32_t units) noexcept {
        if (first > nodes_[n].first) {
            n = split(n, first - nodes_[n].first);
            enlist_absent(n);
        }
        if (nodes_[n].units > units) {
            enlist_absent(split(n, units));
        }
        return n;
    }

    /// Makes `n`, which is in no list, absent, together with absent neighbours.
    void become_absent(node_index n) noexcept {
        nodes_[n].owner = 0;
        if (auto const after = nodes_[n].after; nodes_[after].state == detail::node_state::absent) {
            unlist_absent(after);
            absorb(n, after);
        }
        if (auto const before = nodes_[n].before; nodes_[before].state == detail::node_state::absent) {
            absorb(before, n);
            return;
        }
        nodes_[n].state = detail::node_state::absent;
        enlist_absent(n);
    }

    void enlist_absent(node_index n) noexcept {
        nodes_[n].previous = detail::nil;
        nodes_[n].next = absent_;
        nodes_[absent_].previous = n;
        absent_ = n;
    }

    void unlist_absent(node_index n) noexcept {
        auto const& each = nodes_[n];
        nodes_[each.next].previous = each.previous;
        if (each.previous != detail::nil) {
            nodes_[each.previous].next = each.next;
        } else {
            absent_ = each.next;
        }
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
        nodes_.resize(old == 0 ? 128 : old * 2);
        for (auto n = nodes_.size(); n-- > old;) {
            drop_node(static_cast<node_index>(n));
        }
        if (old != 0) {
            return;
        }
        --vacant_count_; // node 0 is nil
        vacant_ = 1;
        nodes_[detail::nil].state = detail::node_state::used;
    }

    node_index new_node() noexcept {
        auto const n = vacant_;
        vacant_ = nodes_[n].next;
        --vacant_count_;
        return n;
    }

    void drop_node(node_index n) noexcept {
        nodes_[n].state = detail::node_state::vacant;
        nodes_[n].next = vacant_;
        vacant_ = n;
        ++vacant_count_;
    }

    std::uint32_t vacant_region() {
        if (vacant_regions_ == no_region) {
            if (regions_.size() == max_regions) {
                throw std::bad_alloc{};
            }
            regions_.emplace_back();
            return static_cast<std::uint32_t>(regions_.size() - 1);
        }
        auto const id = vacant_regions_;
        vacant_regions_ = regions_[id].next_vacant;
        return id;
    }

    node_index withdrawn_node(std::uint32_t id) const noexcept {
        auto const n = regions_[id].first;
        ORFEAS_ASSERT(nodes_[n].state == detail::node_state::withdrawn, "withdraw the region first");
        return n;
    }

    detail::extent_nodes nodes_;
    std::vector<region_record> regions_;
    FreeIndex everyones_;
    std::vector<FreeIndex> owned_; // by owner, from 1 on
    node_index vacant_ = detail::nil;
    std::size_t vacant_count_ = 0;
    std::uint32_t vacant_regions_ = no_region;
    node_index absent_ = detail::nil;
    std::uint32_t covered_ = 0;
    std::uint64_t free_units_ = 0;
    std::uint64_t used_count_ = 0;
    std::uint64_t free_count_ = 0;
};

/// Constant time whatever the number of holes.
using extent_heap = basic_extent_heap<detail::size_class_index>;

/// The lowest place first: for large extents of one region, few of them.
using ordered_extent_heap = basic_extent_heap<detail::address_index>;

} // namespace orfeas::inline v0::memory
