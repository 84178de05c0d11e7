// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/granule_map.hpp>
#include <orfeas/memory/detail/mapping_log.hpp>
#include <orfeas/memory/detail/memory_budget.hpp>
#include <orfeas/memory/detail/note.hpp>
#include <orfeas/memory/detail/peak_trend.hpp>
#include <orfeas/memory/extent_heap.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// What granule_space did to its mappings.
struct mapping_counts {
    std::uint64_t created = 0;   ///< pieces of physical memory taken from the backend
    std::uint64_t destroyed = 0; ///< and given back
    std::uint64_t moved = 0;     ///< pieces taken from where they were mapped, to be mapped elsewhere
};

/// A pool's memory on a backend with virtual memory management. Allocations are packed without regard to granules; when
/// none of the free extents is large enough, whole free pieces are taken from elsewhere and mapped side by side.
///
/// Small requests have a zone of addresses of their own: between large ones they would pin granules that could be moved.
/// Pieces are single granules as long as memory is scarce, and larger ones, cheaper to move, as far as the peak so far
/// leaves room for what larger pieces waste (see piece_granules).
///
/// Two locks of the pool guard it. `mutex` guards the heaps; calls marked (m) need it. `grow`, `trim` and `tidy` take it
/// themselves, never during a backend's call, and must be serialised by the caller.
template<class Backend>
class granule_space {
  public:
    enum zone : std::uint8_t { small, large };

    static constexpr std::uint64_t small_bytes = 256_KiB; ///< requests below this are small

    static zone zone_of(std::uint64_t bytes) noexcept { return bytes < small_bytes ? small : large; }

    granule_space(Backend const& backend, memory_budget& budget, std::mutex& mutex, mapping_log& log)
        : backend_{backend}, budget_{budget}, mutex_{mutex}, log_{log}, granule_{backend.granule_bytes()} {}

    granule_space(granule_space const&) = delete;
    granule_space& operator=(granule_space const&) = delete;

    ~granule_space() {
        for (auto const each : {small, large}) {
            clear(areas_[each]);
        }
        for (auto const& each : stock_) {
            static_cast<void>(destroy(each));
        }
    }

    // --- the heaps (m) ---

    std::optional<extent> allocate(zone where, extent_owner owner, std::uint64_t bytes, std::uint64_t alignment,
                                   search_effort effort) {
        auto const found =
            with_heap(where, [&](auto& heap) { return heap.allocate_from(owner, bytes, alignment, effort); });
        if (found) {
            allocated_ += found->bytes;
            trend_.observe(allocated_);
        }
        return found;
    }

    void deallocate(zone where, extent_owner owner, std::uint32_t epoch, std::uint32_t node) noexcept {
        allocated_ -= at(where, node).bytes;
        with_heap(where, [&](auto& heap) { heap.deallocate_for(owner, epoch, node); });
    }

    extent at(zone where, std::uint32_t node) const noexcept {
        return with_heap(where, [&](auto& heap) { return heap.at(node); });
    }

    /// Names an owner in both heaps; see basic_extent_heap::add_owner. Throws std::bad_alloc.
    std::optional<extent_owner> add_owner() {
        if (!small_.add_owner()) {
            return std::nullopt;
        }
        return large_.add_owner();
    }

    std::uint64_t transfer(extent_owner owner, std::uint32_t epoch, extent_owner to, std::uint32_t to_epoch) noexcept {
        return small_.transfer(owner, epoch, to, to_epoch) + large_.transfer(owner, epoch, to, to_epoch);
    }

    std::uint64_t granule_bytes() const noexcept { return granule_; }
    std::uint64_t allocated_bytes() const noexcept { return allocated_; }
    std::uint64_t largest_free_bytes() const noexcept {
        return std::max(small_.largest_free_bytes(), large_.largest_free_bytes());
    }
    std::uint64_t stock_bytes() const noexcept { return stock_granules_ * granule_; } ///< mapped nowhere, kept
    mapping_counts const& counts() const noexcept { return counts_; }

    /// The free bytes that can be mapped elsewhere or given back: whole pieces. Linear in the free extents of at least a
    /// granule.
    std::uint64_t movable_bytes() const noexcept {
        std::uint64_t granules = 0;
        for (auto const each : {small, large}) {
            for_each_free_piece(each, [&](free_piece const& p) { granules += p.granules; });
        }
        return granules * granule_ + stock_bytes();
    }

    /// Calls visit(extent, state, owner) for all that is mapped; see basic_extent_heap::for_each_range.
    template<class Visit>
    void for_each_range(Visit visit) const {
        small_.for_each_range(visit);
        large_.for_each_range(visit);
    }

    // --- growth (serialised by the caller; takes the mutex) ---

    /// Makes room for a request that found none, by new memory as the budget allows and by moving pieces, and serves it.
    /// Empty when there is not enough; `cause` is then the backend's sentence if it refused something.
    std::optional<extent> grow(zone where, std::uint64_t bytes, std::uint64_t alignment, std::string& cause) {
        auto const padding = alignment > extent_heap::unit_bytes ? alignment - extent_heap::unit_bytes : 0;
        auto const needed = extent_heap::rounded(bytes) + padding;
        if (needed > budget_.limit_bytes) {
            return std::nullopt;
        }
        for (int i = 0; i < attempts && assemble(where, needed, cause); ++i) {
            std::scoped_lock const lock{mutex_};
            if (auto const found = allocate(where, 0, bytes, alignment, search_effort::exhaustive)) {
                return found;
            } // another thread was faster
        }
        return std::nullopt;
    }

    /// Moves free pieces together until there is a free extent of `bytes` in the large zone, as far as free memory allows:
    /// work done ahead, so that the request that needs it does not wait. Takes nothing new from the backend. True when the
    /// extent is there.
    bool tidy(std::uint64_t bytes, std::string& cause) {
        {
            std::scoped_lock const lock{mutex_};
            if (large_.largest_free_bytes() >= bytes) {
                return true;
            }
        }
        taking_new_ = false;
        auto const done = assemble(large, bytes, cause);
        taking_new_ = true;
        return done;
    }

    /// Gives up to `bytes` of unused memory back to the backend. Returns what went; `cause` is the first refusal.
    std::uint64_t trim(std::uint64_t bytes, std::string& cause) {
        auto const before = budget_.reserved_bytes;
        bytes = std::min(bytes, before);
        auto const freed = [&] { return before - budget_.reserved_bytes; };
        while (!stock_.empty() && freed() < bytes && give_back_stock(cause)) {}
        for (auto const each : {large, small}) {
            if (freed() < bytes) {
                unmap_free(each, granules(bytes - freed()), cause);
                put_into_stock();
                while (!stock_.empty() && give_back_stock(cause)) {}
            }
        }
        return freed();
    }

  private:
    /// Addresses of one zone, and what is mapped there.
    struct area {
        std::uintptr_t base = 0;
        std::uint64_t bytes = 0;
        std::uint32_t region = 0;
        granule_map map;
    };

    /// A whole piece in a free extent.
    struct free_piece {
        zone where;
        std::uint32_t node;     ///< of the extent
        std::size_t granule;    ///< where it is mapped
        std::uint32_t granules; ///< its size
        std::uint64_t extent_bytes;
    };

    /// Where an extent of the wanted size will come to be: a run of absent granules, and the free extents beside it.
    struct site {
        std::uint64_t address = 0; ///< where the run begins
        std::uint32_t granules = 0;
        std::uint32_t before = nil; ///< a free extent that the run continues, held until it is done
        std::uint32_t after = nil;
        bool open_ended = false; ///< more than `granules` may be mapped
    };

    /// Addresses are plentiful: an address space of 8 times the memory keeps gaps from having to be refilled piecemeal.
    static constexpr std::uint64_t address_factor = 8;
    static constexpr int attempts = 4;
    static constexpr std::uint32_t most_piece_granules = 16;
    /// Of the memory that the peak leaves unused, the share that one piece may have.
    static constexpr std::uint64_t slack_share = 16;
    /// Of the run that is being mapped, the share that one piece may have.
    static constexpr std::uint64_t run_share = 6;

    template<class Use>
    decltype(auto) with_heap(zone where, Use use) {
        return where == small ? use(small_) : use(large_);
    }
    template<class Use>
    decltype(auto) with_heap(zone where, Use use) const {
        return where == small ? use(small_) : use(large_);
    }

    std::uint64_t granules(std::uint64_t bytes) const noexcept { return (bytes + granule_ - 1) / granule_; }
    std::size_t granule_of(area const& in, std::uint64_t address) const noexcept {
        return static_cast<std::size_t>((address - in.base) / granule_);
    }

    /// The piece size for a run of `run` granules: larger pieces are moved at less cost, but each may lie idle with a part
    /// in use, so all of them together must fit in what the expected peak leaves of the budget.
    std::uint32_t piece_granules(zone where, std::uint64_t run) const noexcept {
        auto const expected = expected_peak();
        if (where == small || expected >= budget_.limit_bytes) {
            return 1;
        }
        auto const most = std::min((budget_.limit_bytes - expected) / granule_ / slack_share, run / run_share);
        std::uint32_t size = 1;
        while (2 * size <= most_piece_granules && 2 * size <= most) {
            size *= 2;
        }
        return size;
    }

    std::uint64_t expected_peak() const noexcept {
        std::scoped_lock const lock{mutex_};
        return trend_.expected();
    }

    // --- sites ---

    /// Reserves the zone's addresses, once. Throws backend_error and std::bad_alloc.
    void open(zone where) {
        auto& in = areas_[where];
        if (in.base != 0) {
            return;
        }
        auto const most = extent_heap::max_bytes / granule_ * granule_;
        auto const bytes = budget_.limit_bytes > most / address_factor
                               ? most
                               : granules(budget_.limit_bytes) * granule_ * address_factor;
        auto const base = backend_.reserve_addresses(bytes);
        try {
            std::scoped_lock const lock{mutex_};
            in.region = with_heap(where, [&](auto& heap) { return heap.add_absent_region(base, bytes); });
        } catch (...) {
            backend_.release_addresses(base, bytes);
            throw;
        }
        in.base = base;
        in.bytes = bytes;
    }

    bool assemble(zone where, std::uint64_t needed, std::string& cause) {
        try {
            open(where);
            // between two free extents if that costs no more, and if there are pieces that fit; else at the end
            for (bool const only_at_end : {false, true}) {
                auto const chosen = choose(where, needed, only_at_end);
                if (!chosen) {
                    continue;
                }
                auto const enough = gather(where, *chosen, cause);
                auto const done = build(where, *chosen, enough, cause);
                if (done || chosen->open_ended) {
                    return done;
                }
            }
        } catch (std::exception const& e) { // no addresses, or no memory for bookkeeping
            note(cause, e.what());
        }
        return false;
    }

    /// The site that needs the fewest granules. Holds its neighbours.
    std::optional<site> choose(zone where, std::uint64_t needed, bool only_at_end) {
        std::scoped_lock const lock{mutex_};
        return with_heap(where, [&](auto& heap) {
            std::optional<site> best;
            heap.for_each_gap([&](auto const& gap) {
                if (only_at_end && !gap.last) {
                    return;
                }
                for (auto const& each : sites_in(heap, gap, needed)) {
                    if (each.granules != 0 && (!best || each.granules < best->granules ||
                                               (each.granules == best->granules && each.address < best->address))) {
                        best = each;
                    }
                }
            });
            if (best) {
                hold(heap, best->before);
                hold(heap, best->after);
            }
            return best;
        });
    }

    /// The ways to use a gap: behind the free extent before it, ahead of the one after it, or all of it. Those that do not
    /// work have no granules.
    template<class Heap, class Gap>
    std::array<site, 3> sites_in(Heap const& heap, Gap const& gap, std::uint64_t needed) const {
        auto const have = [&](std::uint32_t node) { return node == nil ? 0 : heap.at(node).bytes; };
        auto const missing = [&](std::uint64_t bytes) { return needed > bytes ? granules(needed - bytes) : 1; };
        auto const room = gap.bytes / granule_;
        std::array<site, 3> ways{};
        if (auto const n = missing(have(gap.before)); n <= room) {
            ways[0] = {gap.address, static_cast<std::uint32_t>(n), gap.before, nil, gap.last};
        }
        if (gap.last) {
            return ways;
        }
        if (auto const n = missing(have(gap.after)); n <= room) {
            ways[1] = {gap.address + (room - n) * granule_, static_cast<std::uint32_t>(n), nil, gap.after, false};
        }
        if (have(gap.before) + gap.bytes + have(gap.after) >= needed) {
            ways[2] = {gap.address, static_cast<std::uint32_t>(room), gap.before, gap.after, false};
        }
        return ways;
    }

    template<class Heap>
    static void hold(Heap& heap, std::uint32_t node) noexcept {
        if (node != nil) {
            heap.take_whole(node);
        }
    }

    template<class Heap>
    static void let_go(Heap& heap, std::uint32_t node) noexcept {
        if (node != nil) {
            heap.deallocate(node);
        }
    }

    // --- pieces for a site ---

    /// Fills pieces_ with as much as the site needs: from the stock, from the backend, from elsewhere. False when there is
    /// not enough.
    bool gather(zone where, site const& to, std::string& cause) noexcept {
        std::uint64_t missing = to.granules;
        if (missing > obtainable()) {
            return false; // before anything is taken that would not be used
        }
        try {
            take_from_stock(missing, to.open_ended);
            if (missing > 0 && taking_new_) {
                create_pieces(where, missing, to.open_ended, cause);
            }
            if (missing > 0) {
                steal(where, missing, to.open_ended, cause);
            }
        } catch (std::bad_alloc const& e) { // no memory for bookkeeping; what was gathered goes to the stock
            note(cause, e.what());
            return false;
        }
        return missing == 0;
    }

    /// The granules that there are beside those in use.
    std::uint64_t obtainable() const noexcept {
        auto const fresh = taking_new_ ? budget_.available_bytes() / granule_ : 0;
        std::scoped_lock const lock{mutex_};
        return fresh + movable_bytes() / granule_;
    }

    static void subtract(std::uint64_t& missing, std::uint64_t granules) noexcept {
        missing -= std::min(missing, granules);
    }

    void take_from_stock(std::uint64_t& missing, bool open_ended) {
        for (std::size_t i = stock_.size(); i-- > 0 && missing > 0;) {
            if (stock_[i].granules <= missing || open_ended) {
                pieces_.push_back(stock_[i]);
                {
                    std::scoped_lock const lock{mutex_};
                    stock_granules_ -= stock_[i].granules;
                }
                subtract(missing, stock_[i].granules);
                stock_[i] = stock_.back();
                stock_.pop_back();
            }
        }
    }

    void create_pieces(zone where, std::uint64_t& missing, bool open_ended, std::string& cause) {
        auto usual = piece_granules(where, missing);
        while (missing > 0) {
            auto const affordable = budget_.available_bytes() / granule_;
            auto const most = open_ended ? affordable : std::min(affordable, missing);
            std::uint32_t size = usual;
            while (size > 1 && (size > most || size > missing)) {
                size /= 2;
            }
            if (most == 0) {
                return;
            }
            if (create(size, cause)) {
                subtract(missing, size);
            } else if (size > 1) { // the backend may have room for less
                usual = size / 2;
            } else {
                return;
            }
        }
    }

    /// Adds a new piece to pieces_.
    bool create(std::uint32_t size, std::string& cause) {
        pieces_.reserve(pieces_.size() + 1);
        try {
            auto const memory = backend_.create(size * granule_);
            pieces_.push_back({.memory = memory, .granules = size});
            std::scoped_lock const lock{mutex_};
            budget_.reserved_bytes += size * granule_;
            ++counts_.created;
            return true;
        } catch (std::exception const& e) {
            note(cause, e.what());
            return false;
        }
    }

    template<class Visit>
    void for_each_free_piece(zone where, Visit visit) const {
        auto const& in = areas_[where];
        with_heap(where, [&](auto& heap) {
            heap.for_each_free(granule_, [&](extent const& e) {
                auto const begin = granule_of(in, e.address + granule_ - 1);
                auto const end = granule_of(in, e.address + e.bytes);
                in.map.for_each_in(begin, end, [&](std::size_t granule, piece const& p) {
                    visit(free_piece{where, e.node, granule, p.granules, e.bytes});
                });
            });
        });
    }

    /// Takes whole free pieces from where they are mapped: large ones first, as they are cheaper to move, and of those
    /// the ones in the smallest extents, so that large extents stay.
    void steal(zone where, std::uint64_t& missing, bool open_ended, std::string& cause) {
        {
            std::scoped_lock const lock{mutex_};
            donors_.clear();
            for (auto const each : {large, small}) {
                for_each_free_piece(each, [&](free_piece const& p) { donors_.push_back(p); });
            }
            select_donors(missing, open_ended);
            withdraw_donors();
        }
        auto const before = pieces_.size();
        unmap_donors(cause);
        auto const gained = granules_from(before);
        subtract(missing, gained);
        fuse(piece_granules(where, gained), before, cause);
    }

    /// Leaves in donors_ those that together have `missing` granules; none when all of them have not.
    void select_donors(std::uint64_t missing, bool open_ended) {
        std::uint64_t all = 0;
        for (auto const& each : donors_) {
            all += each.granules;
        }
        if (all < missing) {
            donors_.clear();
            return;
        }
        std::sort(donors_.begin(), donors_.end(), [](free_piece const& a, free_piece const& b) {
            return a.granules != b.granules           ? a.granules > b.granules
                   : a.extent_bytes != b.extent_bytes ? a.extent_bytes < b.extent_bytes
                                                      : a.granule < b.granule;
        });
        std::size_t chosen = 0;
        for (std::size_t i = 0; i < donors_.size() && missing > 0; ++i) {
            if (donors_[i].granules <= missing) {
                missing -= donors_[i].granules;
                std::swap(donors_[chosen++], donors_[i]);
            }
        }
        if (missing > 0 && open_ended && chosen < donors_.size()) {
            auto const least =
                std::min_element(donors_.begin() + static_cast<std::ptrdiff_t>(chosen), donors_.end(),
                                 [](free_piece const& a, free_piece const& b) { return a.granules < b.granules; });
            std::swap(donors_[chosen++], *least);
            missing = 0;
        }
        donors_.resize(missing == 0 ? chosen : 0);
    }

    /// Makes the donors' addresses absent. From the highest address of an extent down, so that its node stays what it was.
    void withdraw_donors() {
        std::sort(donors_.begin(), donors_.end(), [](free_piece const& a, free_piece const& b) {
            return a.where != b.where ? a.where < b.where : a.granule > b.granule;
        });
        pieces_.reserve(pieces_.size() + donors_.size());
        for (std::size_t i = 0; i < donors_.size(); ++i) {
            auto const& each = donors_[i];
            try {
                with_heap(each.where, [&](auto& heap) {
                    heap.withdraw(each.node, areas_[each.where].base + each.granule * granule_,
                                  each.granules * granule_);
                });
            } catch (std::bad_alloc const&) { // no memory for bookkeeping: those withdrawn so far must do
                donors_.resize(i);
            }
        }
    }

    /// Unmaps the withdrawn donors and adds them to pieces_; one that the backend refuses goes back to where it was.
    void unmap_donors(std::string& cause) {
        for (auto const& each : donors_) {
            auto& in = areas_[each.where];
            auto const address = in.base + each.granule * granule_;
            try {
                backend_.unmap(address, each.granules * granule_);
                std::scoped_lock const lock{mutex_};
                auto taken = in.map.erase(each.granule);
                taken.logged = true;
                pieces_.push_back(taken); // there is room: see withdraw_donors
                log_.add(event_kind::move, 0, each.granules * granule_, address);
                ++counts_.moved;
            } catch (std::exception const& e) {
                note(cause, e.what());
                supply(each.where, address, each.granules * granule_);
            }
        }
    }

    void unmap_free(zone where, std::uint64_t most, std::string& cause) {
        {
            std::scoped_lock const lock{mutex_};
            donors_.clear();
            for_each_free_piece(where, [&](free_piece const& p) {
                if (most > 0) {
                    donors_.push_back(p);
                    subtract(most, p.granules);
                }
            });
            withdraw_donors();
        }
        unmap_donors(cause);
        std::scoped_lock const lock{mutex_};
        counts_.moved -= pieces_.size(); // they go back to the backend, not elsewhere
    }

    /// The granules of pieces_ from `first` on.
    std::uint64_t granules_from(std::size_t first) const noexcept {
        std::uint64_t sum = 0;
        for (auto i = first; i < pieces_.size(); ++i) {
            sum += pieces_[i].granules;
        }
        return sum;
    }

    /// Replaces pieces from `first` on that are smaller than `size` by pieces of that size, as far as they go: next time
    /// there is less to move.
    void fuse(std::uint32_t size, std::size_t first, std::string& cause) {
        if (size == 1) {
            return;
        }
        std::uint64_t small_granules = 0;
        for (auto i = first; i < pieces_.size(); ++i) {
            small_granules += pieces_[i].granules < size ? pieces_[i].granules : 0;
        }
        auto const whole = small_granules / size * size;
        std::uint64_t released = 0;
        for (auto i = first; i < pieces_.size() && released < whole;) {
            if (pieces_[i].granules >= size || released + pieces_[i].granules > whole || !destroy(pieces_[i])) {
                ++i;
                continue;
            }
            released += pieces_[i].granules;
            pieces_[i] = pieces_.back();
            pieces_.pop_back();
        }
        for (; released >= size && create(size, cause); released -= size) {}
        while (released > 0 && create(1, cause)) {
            --released;
        }
    }

    // --- mapping ---

    /// Maps pieces_ at the site and gives the site to the heap. What is not needed or cannot be mapped goes to the stock.
    bool build(zone where, site const& to, bool enough, std::string& cause) noexcept {
        auto const bytes = enough && !pieces_.empty() ? map_pieces(where, to, cause) : 0;
        put_into_stock();
        if (bytes > 0) {
            supply(where, to.address, bytes);
        }
        std::scoped_lock const lock{mutex_};
        with_heap(where, [&](auto& heap) {
            let_go(heap, to.before);
            let_go(heap, to.after);
        });
        return bytes >= to.granules * granule_;
    }

    /// Returns the bytes that are mapped and accessible from the site's beginning.
    std::uint64_t map_pieces(zone where, site const& to, std::string& cause) noexcept {
        auto& in = areas_[where];
        auto const begin = granule_of(in, to.address);
        std::uint64_t mapped = 0;
        try {
            std::size_t used = 0;
            for (; used < pieces_.size() && mapped < to.granules; ++used) {
                auto const& each = pieces_[used];
                if (to.address + (mapped + each.granules) * granule_ > in.base + in.bytes) {
                    throw std::bad_alloc{};
                }
                {
                    std::scoped_lock const lock{mutex_};
                    in.map.cover(begin + mapped + each.granules);
                }
                backend_.map(to.address + mapped * granule_, each.granules * granule_, each.memory);
                std::scoped_lock const lock{mutex_};
                in.map.insert(begin + mapped, each);
                mapped += each.granules;
            }
            backend_.allow_access(to.address, mapped * granule_);
            write_down(to.address, used);
            pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(used));
            return mapped * granule_;
        } catch (std::exception const& e) { // refused, no memory for bookkeeping, or the end of the addresses
            note(cause, e.what());
            unmap_run(where, begin, mapped);
            return 0;
        }
    }

    /// Notes the first pieces of pieces_ as mapped side by side from `address` on.
    void write_down(std::uint64_t address, std::size_t count) noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            auto const bytes = pieces_[i].granules * granule_;
            log_.add(pieces_[i].logged ? event_kind::move : event_kind::reserve, address, bytes);
            address += bytes;
        }
    }

    /// Takes back mappings that were made but not given to the heap; their pieces are still in pieces_. One that the
    /// backend does not take back is lost until the pool ends, and its addresses with it.
    void unmap_run(zone where, std::size_t begin, std::uint64_t count) noexcept {
        auto& in = areas_[where];
        for (auto granule = begin; granule < begin + count;) {
            auto const p = in.map.at(granule);
            try {
                backend_.unmap(in.base + granule * granule_, p.granules * granule_);
                std::scoped_lock const lock{mutex_};
                in.map.erase(granule);
            } catch (std::exception const&) {
                std::erase_if(pieces_, [&](piece const& each) { return each.memory == p.memory; });
                withhold(where, in.base + granule * granule_, p.granules * granule_);
            }
            granule += p.granules;
        }
    }

    /// Takes absent addresses out of use until the pool ends.
    void withhold(zone where, std::uint64_t address, std::uint64_t bytes) noexcept {
        std::scoped_lock const lock{mutex_};
        try {
            with_heap(where, [&](auto& heap) { heap.withhold(areas_[where].region, address, bytes); });
        } catch (std::bad_alloc const&) { // they may be chosen again, and the backend will refuse them again
        }
    }

    /// Gives addresses that are mapped to the heap. Should there be no memory for bookkeeping, they stay absent until the
    /// pool ends.
    void supply(zone where, std::uint64_t address, std::uint64_t bytes) noexcept {
        std::scoped_lock const lock{mutex_};
        log_.write_down();
        try {
            with_heap(where, [&](auto& heap) { heap.supply(areas_[where].region, address, bytes); });
        } catch (std::bad_alloc const&) {}
    }

    // --- stock ---

    void put_into_stock() noexcept {
        for (auto const& each : pieces_) {
            try {
                stock_.push_back(each);
                if (!each.logged) {
                    log_.add(event_kind::reserve, 0, each.granules * granule_);
                    stock_.back().logged = true;
                }
                std::scoped_lock const lock{mutex_};
                stock_granules_ += each.granules;
            } catch (std::bad_alloc const&) {
                static_cast<void>(destroy(each));
            }
        }
        pieces_.clear();
    }

    /// Gives one piece of the stock back to the backend. False when it was refused.
    bool give_back_stock(std::string& cause) {
        auto const last = stock_.back();
        if (!destroy(last, &cause)) {
            return false;
        }
        stock_.pop_back();
        std::scoped_lock const lock{mutex_};
        stock_granules_ -= last.granules;
        return true;
    }

    bool destroy(piece const& each, std::string* cause = nullptr) {
        try {
            backend_.destroy(each.memory, each.granules * granule_);
        } catch (std::exception const& e) {
            if (cause != nullptr) {
                note(*cause, e.what());
            }
            return false;
        }
        if (each.logged) {
            log_.add(event_kind::release, 0, each.granules * granule_);
        }
        std::scoped_lock const lock{mutex_};
        budget_.reserved_bytes -= each.granules * granule_;
        ++counts_.destroyed;
        return true;
    }

    /// Gives everything of an area back, in use or not; for the end. A call may answer with the failure of earlier,
    /// asynchronous work: each gets a second chance.
    void clear(area& in) {
        if (in.base == 0) {
            return;
        }
        in.map.for_each_in(0, in.map.size(), [&](std::size_t granule, piece const& p) {
            if (twice([&] { backend_.unmap(in.base + granule * granule_, p.granules * granule_); })) {
                twice([&] { backend_.destroy(p.memory, p.granules * granule_); });
            }
        });
        twice([&] { backend_.release_addresses(in.base, in.bytes); });
    }

    template<class Call>
    static bool twice(Call call) {
        for (int i = 0; i < 2; ++i) {
            try {
                call();
                return true;
            } catch (std::exception const&) {}
        }
        return false;
    }

    Backend const& backend_;
    memory_budget& budget_;
    std::mutex& mutex_;
    mapping_log& log_; // of growth
    std::uint64_t granule_;

    extent_heap small_;
    ordered_extent_heap large_;
    std::uint64_t allocated_ = 0;
    peak_trend trend_;
    mapping_counts counts_;

    std::array<area, 2> areas_; // changes under both of the pool's locks
    std::uint64_t stock_granules_ = 0;

    // touched by growth only
    std::vector<piece> stock_; // mapped nowhere
    bool taking_new_ = true;
    std::vector<piece> pieces_; // at hand during a growth
    std::vector<free_piece> donors_;
};

} // namespace orfeas::inline v0::memory::detail
