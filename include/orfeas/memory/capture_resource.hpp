// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/allocation_table.hpp>
#include <orfeas/memory/detail/resource_wrapper.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <vector>

namespace orfeas::inline v0::memory {

/// Memory for the capture of a graph: taken from another resource ahead, and from then on served without a fence, a
/// question to the device, or any call of the resource below, none of which a capture allows. Launches of the graph use the
/// addresses that were captured, so everything stays here until this resource ends; end it after the graph's executables,
/// when their last launch has finished. Then all goes back, also what was never deallocated.
///
/// What a stream deallocates it may have again at once, of any size; no other stream ever gets it, as their order within
/// the graph is not known here. The stream of a deallocation is one whose captured work comes after all use of the memory.
/// The forms without a stream say nothing about that order: what they take back is not handed out again.
///
/// Requests beyond what was taken are refused, or served from further segments of the resource below if `growth_bytes` is
/// not 0: that calls it during the capture, for which a pool must not need its device. Graphs that were captured with one
/// such resource share its memory, and must not run at the same time.
///
/// As in a pool, requests take whole units of 512 bytes. Up to 255 streams are told apart; what others deallocate is not
/// handed out again. The resource below must outlive it. Equal to itself alone.
/// Thread-safe. One lock, held for tens of nanoseconds, longer when nothing is found at once.
template<memory_resource Resource>
class capture_resource : public detail::resource_wrapper<Resource> {
    using wrapper = detail::resource_wrapper<Resource>;

  public:
    /// Takes `bytes` now, rounded up to whole units; later, when there is no room, at least `growth_bytes` at a time, or
    /// nothing if that is 0. Throws out_of_memory as the resource below does.
    capture_resource(Resource& upstream, std::uint64_t bytes, std::uint64_t growth_bytes = 0)
        : wrapper{upstream}, growth_{growth_bytes} {
        if (bytes != 0) {
            auto const taken = checked(bytes);
            add({upstream.allocate(taken, extent_heap::unit_bytes), taken, extent_heap::unit_bytes});
        }
    }

    ~capture_resource() {
        for (auto const& each : segments_) {
            wrapper::upstream().deallocate(each.begin, each.bytes, each.alignment);
        }
    }

    /// Throws out_of_memory.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        return allocate_for(nullptr, {bytes, alignment});
    }

    /// For captured work of `stream`.
    void* allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        return allocate_for(&stream, {bytes, alignment});
    }

    /// As `allocate`, but null when there is no memory.
    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        return find_or_grow(nullptr, {bytes, alignment});
    }
    void* try_allocate(stream_ref stream, std::size_t bytes,
                       std::size_t alignment = alignof(std::max_align_t)) noexcept {
        return find_or_grow(&stream, {bytes, alignment});
    }

    /// Takes back what `allocate` returned for the same size and alignment; it is not handed out again. Null is nothing to
    /// take back.
    void deallocate(void* p, std::size_t bytes, std::size_t /*alignment*/ = alignof(std::max_align_t)) noexcept {
        if (p != nullptr) {
            std::scoped_lock const lock{mutex_};
            if (auto const node = forget(p, bytes)) {
                retire(*node);
            }
        }
    }

    /// Takes back what `allocate` returned, for `stream` to have again.
    void deallocate(stream_ref stream, void* p, std::size_t bytes,
                    std::size_t /*alignment*/ = alignof(std::max_align_t)) noexcept {
        if (p == nullptr) {
            return;
        }
        std::scoped_lock const lock{mutex_};
        auto const node = forget(p, bytes);
        if (!node) {
            return;
        }
        if (auto const owner = named_owner(stream); owner != 0) {
            heap_.deallocate_for(owner, 0, *node);
        } else {
            retire(*node);
        }
    }

    friend bool operator==(capture_resource const& a, capture_resource const& b) noexcept { return &a == &b; }

    /// Taken from the resource below.
    std::uint64_t taken_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return taken_;
    }

    /// Handed out now, in whole units.
    std::uint64_t allocated_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return allocated_;
    }

    /// Handed out at least once: what the same capture needs to take ahead the next time, but for alignment.
    std::uint64_t touched_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return touched_;
    }

    /// Taken back by the forms without a stream, so idle from then on.
    std::uint64_t retired_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return retired_;
    }

  private:
    struct request {
        std::size_t bytes;
        std::size_t alignment;
    };

    /// What is owed to the resource below.
    struct segment {
        void* begin;
        std::size_t bytes;
        std::size_t alignment;
    };

    static std::size_t checked(std::uint64_t bytes) {
        if (bytes > extent_heap::max_bytes) {
            throw out_of_memory{{.requested_bytes = bytes, .alignment = extent_heap::unit_bytes},
                                "memory for a capture",
                                "A segment has less than 2 TiB"};
        }
        return extent_heap::rounded(bytes);
    }

    void* allocate_for(stream_ref const* stream, request const& asked) {
        if (void* const p = find_or_grow(stream, asked)) [[likely]] {
            return p;
        }
        throw refusal(asked);
    }

    void* find_or_grow(stream_ref const* stream, request const& asked) noexcept {
        try {
            {
                std::scoped_lock const lock{mutex_};
                if (auto const found = find(stream, asked)) {
                    return enter(*found);
                }
            }
            return growth_ == 0 || asked.bytes > extent_heap::max_bytes ? nullptr : grow(asked);
        } catch (std::bad_alloc const&) { // no memory for bookkeeping is no memory
            return nullptr;
        }
    }

    /// Looks in what the stream gave up, then in what was never handed out. Needs the mutex.
    std::optional<extent> find(stream_ref const* stream, request const& asked) {
        live_.reserve_one();
        auto const owner = stream == nullptr ? extent_owner{0} : owner_of(*stream);
        for (auto const effort : {search_effort::bounded, search_effort::exhaustive}) {
            if (owner != 0) {
                if (auto const found = heap_.allocate_from(owner, asked.bytes, asked.alignment, effort)) {
                    return found;
                }
            }
            if (auto const found = heap_.allocate(asked.bytes, asked.alignment, effort)) {
                touched_ += found->bytes;
                return found;
            }
        }
        return std::nullopt;
    }

    /// Notes what was found, for which there is room. Needs the mutex.
    void* enter(extent const& found) noexcept {
        live_.insert({.address = found.address, .node = found.node});
        allocated_ += found.bytes;
        return reinterpret_cast<void*>(found.address);
    }

    /// Serves a request from a new segment. The resource below is asked without the mutex.
    void* grow(request const& asked) {
        auto const alignment = asked.alignment < extent_heap::unit_bytes ? extent_heap::unit_bytes : asked.alignment;
        auto const wanted = asked.bytes < growth_ && growth_ <= extent_heap::max_bytes ? growth_ : asked.bytes;
        auto const taken = checked(wanted);
        void* const p = wrapper::upstream().try_allocate(taken, alignment);
        if (p == nullptr) {
            return nullptr;
        }
        std::scoped_lock const lock{mutex_};
        add({p, taken, alignment});
        return enter(*find(nullptr, asked)); // nobody else could look in it meanwhile
    }

    /// Throws std::bad_alloc, and has then given the segment back. Needs the mutex, but in the constructor.
    void add(segment const& made) {
        try {
            segments_.push_back(made);
            heap_.add_region(reinterpret_cast<std::uintptr_t>(made.begin), made.bytes);
            taken_ += made.bytes;
        } catch (...) {
            if (!segments_.empty() && segments_.back().begin == made.begin) {
                segments_.pop_back();
            }
            wrapper::upstream().deallocate(made.begin, made.bytes, made.alignment);
            throw;
        }
    }

    /// The node of the allocation at `p`, from now on no longer live. Needs the mutex.
    std::optional<std::uint32_t> forget(void* p, std::size_t bytes) noexcept {
        auto* const found = live_.find(reinterpret_cast<std::uintptr_t>(p));
        ORFEAS_ASSERT(found != nullptr, "deallocate what this resource allocated, and once");
        if (found == nullptr) {
            return std::nullopt;
        }
        auto const node = found->node;
        ORFEAS_ASSERT(heap_.at(node).bytes == extent_heap::rounded(bytes),
                      "deallocate with the size of the allocation");
        allocated_ -= heap_.at(node).bytes;
        live_.erase(found);
        return node;
    }

    /// The extent of `node` stays in use in the heap, so that nobody gets it. Needs the mutex.
    void retire(std::uint32_t node) noexcept { retired_ += heap_.at(node).bytes; }

    /// What a stream is called in the heap; 0: it has no name. Linear in the streams, which are few. Needs the mutex.
    extent_owner owner_of(stream_ref stream) const noexcept {
        for (std::size_t i = 0; i < streams_.size(); ++i) {
            if (streams_[i] == stream) {
                return static_cast<extent_owner>(i + 1);
            }
        }
        return 0;
    }

    /// As above, and named if need be; 0 when there are too many, or no memory for the name. Needs the mutex.
    extent_owner named_owner(stream_ref stream) noexcept {
        if (auto const known = owner_of(stream); known != 0) {
            return known;
        }
        try {
            streams_.reserve(streams_.size() + 1);
            auto const made = heap_.add_owner();
            if (made) {
                streams_.push_back(stream);
            }
            return made.value_or(0);
        } catch (std::bad_alloc const&) {
            return 0;
        }
    }

    out_of_memory refusal(request const& asked) const noexcept {
        std::scoped_lock const lock{mutex_};
        return {{.requested_bytes = asked.bytes,
                 .alignment = asked.alignment,
                 .total_bytes = growth_ == 0 ? taken_ : 0,
                 .reserved_bytes = taken_,
                 .allocated_bytes = allocated_,
                 .largest_free_bytes = heap_.largest_free_bytes(),
                 .available_bytes = heap_.largest_free_bytes()},
                "memory for a capture",
                growth_ == 0 ? "Take more ahead, deallocate in the order of the stream that allocates, or let it grow"
                             : "The resource below has no further segment"};
    }

    std::uint64_t growth_;

    mutable std::mutex mutex_; // guards all that follows
    extent_heap heap_;
    detail::allocation_table live_;
    std::vector<segment> segments_;
    std::vector<stream_ref> streams_; // by owner, from 1 on
    std::uint64_t taken_ = 0;
    std::uint64_t allocated_ = 0;
    std::uint64_t touched_ = 0;
    std::uint64_t retired_ = 0;
};
static_assert(stream_ordered_resource<capture_resource<heap_resource>>);
static_assert(copying_resource<capture_resource<heap_resource>>);

} // namespace orfeas::inline v0::memory
