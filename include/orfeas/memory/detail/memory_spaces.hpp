// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/granule_space.hpp>
#include <orfeas/memory/detail/mapping_log.hpp>
#include <orfeas/memory/detail/memory_budget.hpp>
#include <orfeas/memory/detail/no_vmm.hpp>
#include <orfeas/memory/detail/segment_space.hpp>
#include <orfeas/memory/extent_heap.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace orfeas::inline v0::memory::detail {

/// An extent, and which of a pool's spaces it is in.
struct placement {
    std::uint8_t space;
    extent where;
};

/// What a pool asks its spaces for.
struct memory_request {
    std::uint64_t bytes;
    std::uint64_t alignment;
    bool exportable = false; ///< other processes and network cards must be able to open it: plain segments only
};

/// All memory of a pool, under one budget: granules where the backend can map them, and plain segments. Locks as for
/// granule_space.
template<class Backend>
class memory_spaces {
  public:
    memory_spaces(Backend const& backend, std::uint64_t limit_bytes, std::uint64_t segment_bytes, std::mutex& mutex,
                  mapping_log::writer write = {})
        : budget_{.limit_bytes = limit_bytes},
          log_{std::move(write)},
          granules_{vmm_of(backend), budget_, mutex, log_},
          plain_{backend, budget_, mutex, log_, segment_bytes},
          mutex_{mutex},
          mapped_{vmm_of(backend).granule_bytes() != 0} {}

    memory_budget const& budget() const noexcept { return budget_; }

    /// Writes down what was taken from the backend, moved and given back, if anyone wants it (m); to be serialised.
    void write_down_mappings() noexcept { log_.write_down(); }

    // --- the heaps: need the mutex ---

    /// Finds room in what is free for `owner`, in the space that the request belongs to. Throws std::bad_alloc.
    std::optional<placement> allocate(memory_request const& request, extent_owner owner, search_effort effort) {
        return allocate_in(space_of(request), request, owner, effort);
    }

    void deallocate(placement const& p, extent_owner owner, std::uint32_t epoch) noexcept {
        if (p.space == plain) {
            plain_.deallocate(owner, epoch, p.where.node);
        } else {
            granules_.deallocate(zone(p.space), owner, epoch, p.where.node);
        }
    }

    extent at(std::uint8_t space, std::uint32_t node) const noexcept {
        return space == plain ? plain_.at(node) : granules_.at(zone(space), node);
    }

    std::optional<extent_owner> add_owner() {
        if (!granules_.add_owner()) {
            return std::nullopt;
        }
        return plain_.add_owner();
    }

    /// Gives what `owner` freed in the epochs up to `epoch` to `to`; 0 is everyone. Returns the bytes.
    std::uint64_t transfer(extent_owner owner, std::uint32_t epoch, extent_owner to, std::uint32_t to_epoch) noexcept {
        return granules_.transfer(owner, epoch, to, to_epoch) + plain_.transfer(owner, epoch, to, to_epoch);
    }

    std::uint64_t allocated_bytes() const noexcept { return granules_.allocated_bytes() + plain_.allocated_bytes(); }

    std::uint64_t largest_free_bytes() const noexcept {
        return std::max(granules_.largest_free_bytes(), plain_.largest_free_bytes());
    }

    /// The unused bytes that can be mapped elsewhere or given back. Linear in the free extents of at least a granule.
    std::uint64_t movable_bytes() const noexcept {
        return plain_.unused_bytes() + (mapped_ ? granules_.movable_bytes() : 0);
    }

    bool remaps() const noexcept { return mapped_; }

    /// Calls visit(extent, state, owner, whole_segment) for every range of every space, by region and address; absent
    /// ones and the ends of regions separate what is not contiguous.
    template<class Visit>
    void for_each_range(Visit visit) const {
        auto const of = [&visit](bool whole_segment) {
            return [&visit, whole_segment](extent const& e, auto state, extent_owner owner) {
                using states = decltype(state);
                visit(e, static_cast<extent_heap::range_state>(static_cast<std::underlying_type_t<states>>(state)),
                      owner, whole_segment);
            };
        };
        granules_.for_each_range(of(false));
        plain_.for_each_range(of(true));
    }

    mapping_counts const& mapping() const noexcept { return granules_.counts(); }

    // --- growth: serialised by the caller, takes the mutex ---

    /// Makes room for a request that found none and serves it. Empty when there is not enough; `cause` is then the
    /// backend's sentence if it refused something. `released` counts the bytes that had to go back to the backend first.
    std::optional<placement> grow(memory_request const& request, std::string& cause, std::uint64_t& released) {
        auto const first = space_of(request);
        if (auto const found = grow_in(first, request, cause)) {
            return found;
        }
        if (first != plain) { // small requests among the large, or the other way round, before none at all
            if (auto const found = grow_in(first == small ? large : small, request, cause)) {
                return found;
            }
        }
        if (auto const found = grow_in_a_remainder(first, request, cause)) {
            return found;
        }
        released = make_room(first, request, cause);
        return released > 0 ? grow_in(first, request, cause) : std::nullopt;
    }

    /// Gives up to `bytes` of what is unused back to the backend; returns what went. `cause` is the first refusal.
    std::uint64_t trim(std::uint64_t bytes, std::string& cause) {
        auto const freed = plain_.trim(bytes, cause);
        return mapped_ && freed < bytes ? freed + granules_.trim(bytes - freed, cause) : freed;
    }

    /// Moves unused memory together ahead of a request of `bytes`; see granule_space::tidy.
    bool tidy(std::uint64_t bytes, std::string& cause) { return mapped_ && granules_.tidy(bytes, cause); }

  private:
    using granules = granule_space<vmm_of_t<Backend>>;

    static constexpr std::uint8_t small = granules::small;
    static constexpr std::uint8_t large = granules::large;
    static constexpr std::uint8_t plain = 2;

    static typename granules::zone zone(std::uint8_t space) noexcept {
        return static_cast<typename granules::zone>(space);
    }

    std::uint8_t space_of(memory_request const& request) const noexcept {
        return request.exportable || !mapped_ ? plain : std::uint8_t{granules::zone_of(request.bytes)};
    }

    std::optional<placement> allocate_in(std::uint8_t space, memory_request const& request, extent_owner owner,
                                         search_effort effort) {
        return placed(space, space == plain
                                 ? plain_.allocate(owner, request.bytes, request.alignment, effort)
                                 : granules_.allocate(zone(space), owner, request.bytes, request.alignment, effort));
    }

    static std::optional<placement> placed(std::uint8_t space, std::optional<extent> const& found) noexcept {
        return found ? std::optional<placement>{{space, *found}} : std::nullopt;
    }

    std::optional<placement> grow_in(std::uint8_t space, memory_request const& request, std::string& cause) {
        {
            std::scoped_lock const lock{mutex_};
            if (auto const found = allocate_in(space, request, 0, search_effort::exhaustive)) {
                return found;
            }
        }
        return placed(space, space == plain ? plain_.grow(request.bytes, request.alignment, cause)
                                            : granules_.grow(zone(space), request.bytes, request.alignment, cause));
    }

    /// Serves a request from a plain segment where a granule no longer fits in the budget.
    std::optional<placement> grow_in_a_remainder(std::uint8_t space, memory_request const& request,
                                                 std::string& cause) {
        bool const remainder = space != plain && budget_.available_bytes() < granules_.granule_bytes();
        return remainder ? grow_in(plain, request, cause) : std::nullopt;
    }

    /// Gives back unused memory of the other kind, so that the budget and the device have room for this one. Returns the
    /// bytes that went.
    std::uint64_t make_room(std::uint8_t space, memory_request const& request, std::string& cause) {
        auto const needed = extent_heap::rounded(request.bytes) + request.alignment + granules_.granule_bytes();
        if (space != plain) {
            return plain_.trim(~std::uint64_t{0}, cause);
        }
        auto const freed = plain_.trim(~std::uint64_t{0}, cause);
        return mapped_ ? freed + granules_.trim(needed, cause) : freed;
    }

    memory_budget budget_;
    mapping_log log_;
    granules granules_;
    segment_space<Backend> plain_;
    std::mutex& mutex_;
    bool mapped_;
};

} // namespace orfeas::inline v0::memory::detail
