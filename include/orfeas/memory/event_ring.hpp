// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::memory {

/// What happened to a pool's memory.
enum class event_kind : std::uint8_t {
    allocate,   ///< memory was handed out
    deallocate, ///< it came back
    refuse,     ///< a request could not be served
    reserve,    ///< memory was taken from the backend
    release,    ///< memory was given back to the backend
    move,       ///< free memory left its address, or was mapped at another, to make one extent of scattered ones
    cleanup,    ///< a cleanup ended
    fence,      ///< work that used memory before it was deallocated has finished
};

constexpr std::string_view to_string(event_kind kind) noexcept {
    switch (kind) {
    case event_kind::allocate:
        return "allocate";
    case event_kind::deallocate:
        return "deallocate";
    case event_kind::refuse:
        return "refuse";
    case event_kind::reserve:
        return "reserve";
    case event_kind::release:
        return "release";
    case event_kind::move:
        return "move";
    case event_kind::cleanup:
        return "cleanup";
    case event_kind::fence:
        return "fence";
    }
    return "allocate";
}

/// One event of a pool. 48 bytes.
struct allocation_event {
    std::uint64_t sequence = 0; ///< from 0 on, without gaps; set by the ring
    std::uint64_t time_ns = 0;  ///< of the pool's monotonic clock
    std::uint64_t address = 0;  ///< of the memory, 0 for none; of a move, where it is mapped now, 0 for nowhere
    std::uint64_t bytes = 0;    ///< taken, given or refused
    /// allocate and deallocate: bytes asked for, before rounding; refuse: bytes that may still be handed out; move: the
    /// address that the memory leaves, 0 where it is mapped anew; else 0
    std::uint64_t related = 0;
    std::uint32_t site = 0;  ///< a call_site_id
    std::uint16_t tag = 0;   ///< a tag_id
    std::uint8_t stream = 0; ///< number of the stream among the pool's, 0 for none
    event_kind kind = event_kind::allocate;

    static void fields(auto& self, auto&& field) {
        field("sequence", self.sequence, unit::none, "number of the event");
        field("time_ns", self.time_ns, unit::none, "nanoseconds of the monotonic clock");
        field("kind", self.kind, unit::none, "what happened");
        field("address", self.address, unit::none, "of the memory");
        field("bytes", self.bytes, unit::bytes, "taken, given or refused");
        field("related", self.related, unit::none, "bytes asked for, bytes left, or where the memory was");
        field("site", self.site, unit::none, "number of the call site");
        field("tag", self.tag, unit::none, "number of the tag");
        field("stream", self.stream, unit::none, "number of the stream");
    }

    friend bool operator==(allocation_event const&, allocation_event const&) = default;
};
static_assert(sizeof(allocation_event) == 48);

/// What a reader of a ring got, and whether that is all.
struct events_read {
    std::uint64_t first_sequence = 0; ///< of the first event that was read, or of the next one if none was
    std::uint64_t lost = 0;           ///< events before it that the reader asked for and were overwritten

    bool overflowed() const noexcept { return lost > 0; }
};

/// The last events of a pool. When it is full, the oldest make place; who reads learns how many were lost.
/// Allocates in its constructor only.
/// Thread-compatible (distinct objects).
class event_ring {
  public:
    /// For the last `capacity` events; with 0 it only counts. Throws std::bad_alloc.
    explicit event_ring(std::size_t capacity) : slots_(capacity) {}

    /// Adds an event with the next sequence number, whatever it says there. O(1), no allocation.
    void push(allocation_event const& event) noexcept {
        auto const sequence = pushed_++;
        if (slots_.empty()) {
            return;
        }
        auto& slot = slots_[next_];
        slot = event;
        slot.sequence = sequence;
        next_ = next_ + 1 == slots_.size() ? 0 : next_ + 1;
    }

    /// Calls `use(event)` for each event from sequence number `since` on that is still there, oldest first.
    template<class Use>
    events_read for_each(Use&& use, std::uint64_t since = 0) const {
        std::uint64_t const oldest = pushed_ - size();
        std::uint64_t const first = since < oldest ? oldest : since < pushed_ ? since : pushed_;
        std::size_t at = slots_.empty() ? 0 : static_cast<std::size_t>(first % slots_.size());
        for (std::uint64_t i = first; i < pushed_; ++i) {
            use(slots_[at]);
            at = at + 1 == slots_.size() ? 0 : at + 1;
        }
        return {.first_sequence = first, .lost = since < oldest ? oldest - since : 0};
    }

    /// Replaces `out` by the events from sequence number `since` on. Throws std::bad_alloc.
    events_read copy_to(std::vector<allocation_event>& out, std::uint64_t since = 0) const {
        out.clear();
        out.reserve(size());
        return for_each([&](allocation_event const& each) { out.push_back(each); }, since);
    }

    std::size_t capacity() const noexcept { return slots_.size(); }
    std::size_t size() const noexcept {
        return pushed_ < slots_.size() ? static_cast<std::size_t>(pushed_) : capacity();
    }

    /// Events so far, also those that are no longer there; the sequence number of the next one.
    std::uint64_t pushed() const noexcept { return pushed_; }

  private:
    std::vector<allocation_event> slots_;
    std::size_t next_ = 0;
    std::uint64_t pushed_ = 0;
};

} // namespace orfeas::inline v0::memory
