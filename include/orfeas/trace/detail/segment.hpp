// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/tick_counter.hpp>
#include <orfeas/trace/baggage.hpp>
#include <orfeas/trace/detail/record.hpp>
#include <orfeas/trace/keep_reason.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::trace {

/// Why a span was not recorded.
enum class drop_reason : std::uint8_t {
    active_limit, ///< too many traces are open
    memory,       ///< the memory for spans of open traces is used up
    span_limit,   ///< the trace has as many records as a trace may have
    late          ///< the trace had ended before
};
inline constexpr std::uint32_t drop_reasons = 4;

constexpr std::string_view to_string(drop_reason reason) noexcept {
    switch (reason) {
    case drop_reason::active_limit:
        return "active_limit";
    case drop_reason::memory:
        return "memory";
    case drop_reason::span_limit:
        return "span_limit";
    case drop_reason::late:
        return "late";
    }
    return "late";
}

namespace detail {

class segment;

/// What a segment needs from its tracer. Segments share the ownership of it, so spans may outlive the tracer.
class segment_owner {
  public:
    virtual ~segment_owner() = default;

    /// A reading of the clock, in nanoseconds.
    virtual std::int64_t clock_stamp() const noexcept = 0;
    virtual chunk* take_chunk() noexcept = 0;
    virtual void give_chunk(chunk&) noexcept = 0;

    /// A further segment of the trace of an ended one, for work that goes on after it; null when there is none.
    /// The caller owns one open span, slot 0.
    virtual segment* continue_trace(segment const& ended, std::uint32_t parent) noexcept = 0;

    /// The name of the service whose traces these are.
    virtual std::string_view service() const noexcept = 0;

    virtual void count_drop(drop_reason reason) noexcept = 0;
    virtual void count_lost_attribute() noexcept = 0;

    /// All spans of the segment have ended; its `open` reference passes to the owner.
    virtual void finished(segment&) noexcept = 0;
    /// Nobody refers to the segment any more.
    virtual void recycle(segment&) noexcept = 0;
};

/// The spans of one local trace: the ids and constants they share, and the slots they are recorded in.
/// A slot is reserved with one compare-and-swap, so the threads that a trace runs on need no lock. Once the last open
/// span has ended nothing is written any more, and readers need no lock either.
/// Two counts govern its life: `open` spans (in `progress_`, next to the number of the next slot) decide when the trace
/// is finished, references decide when the memory is reused.
/// Thread-safe.
class segment : public pool_links {
  public:
    /// What the spans of a segment have in common; constant while the segment is in use.
    struct header {
        trace_id id;
        std::uint64_t span_seed = 0; ///< span ids are a bijection of seed + slot
        span_id remote_parent;
        std::uint8_t flags = 0;
        bool is_recorded = true;   ///< false: only its ids travel on
        bool counts_ticks = false; ///< stamps are readings of the processor's counter
        std::uint32_t max_slots = 1;
        std::int64_t begin = 0; ///< the stamp of its beginning
        // known once it is filed:
        monotonic_time start;
        wall_time wall_start;
        double stamp_ns = 1; ///< nanoseconds between neighbouring stamps
    };

    segment() = default;
    segment(segment const&) = delete;
    segment& operator=(segment const&) = delete;

    /// Starts a segment that has one open span, slot 0, and one reference, which that open span stands for.
    void begin(std::shared_ptr<segment_owner> owner, header const& head, std::string_view tracestate,
               std::shared_ptr<baggage const> baggage) {
        if (chunks_.empty()) {
            chunks_ = std::vector<std::atomic<chunk*>>(chunk_count(head.max_slots));
        }
        owner_ = std::move(owner);
        header_ = head;
        tracestate_.assign(tracestate);
        baggage_ = std::move(baggage);
        dropped_.store(0, std::memory_order_relaxed);
        references_.store(1, std::memory_order_relaxed);
        progress_.store(one_open | 1U, std::memory_order_relaxed);
    }

    /// What travels with the trace; null for nothing.
    std::shared_ptr<trace::baggage const> baggage() const {
        std::lock_guard const hold{baggage_mutex_};
        return baggage_;
    }

    /// Puts a member into the baggage; false when it does not take it.
    bool set_baggage(std::string_view key, std::string_view value, std::string_view properties) {
        std::lock_guard const hold{baggage_mutex_};
        auto changed = baggage_ != nullptr ? *baggage_ : trace::baggage{};
        if (!changed.set(key, value, properties)) {
            return false;
        }
        baggage_ = std::make_shared<trace::baggage const>(std::move(changed));
        return true;
    }

    header const& head() const noexcept { return header_; }
    /// Tells records of this trace from those that an earlier one left behind in the same memory.
    std::uint32_t life() const noexcept { return static_cast<std::uint32_t>(header_.span_seed); }
    bool is_recorded() const noexcept { return header_.is_recorded; }
    std::string const& tracestate() const noexcept { return tracestate_; }
    segment_owner* owner() const noexcept { return owner_.get(); }

    span_id span_id_of(std::uint32_t slot) const noexcept {
        std::uint64_t const id = mix64(header_.span_seed + slot);
        return span_id{id != 0 ? id : ~std::uint64_t{0}};
    }
    span_context context_of(std::uint32_t slot) const noexcept { return {header_.id, span_id_of(slot), header_.flags}; }

    /// The present time as a stamp, which `timeline` understands.
    std::int64_t stamp() const noexcept {
        return header_.counts_ticks ? static_cast<std::int64_t>(tick_counter::read()) : owner_->clock_stamp();
    }

    /// Whether the last open span has ended. Then it stays so.
    bool finished() const noexcept { return progress_.load(std::memory_order_acquire) < one_open; }

    /// Reserves a slot and counts one more open span; no_slot when the segment is finished or full.
    std::uint32_t open_slot() noexcept {
        std::uint64_t seen = progress_.load(std::memory_order_relaxed);
        do {
            if (seen < one_open || slots_of(seen) >= header_.max_slots) {
                return no_slot;
            }
        } while (!progress_.compare_exchange_weak(seen, seen + one_open + 1U, std::memory_order_relaxed));
        return slots_of(seen);
    }

    /// Counts one more open span without a slot, in a trace that is not recorded; false when the segment is finished.
    bool hold_open() noexcept {
        std::uint64_t seen = progress_.load(std::memory_order_relaxed);
        do {
            if (seen < one_open) {
                return false;
            }
        } while (!progress_.compare_exchange_weak(seen, seen + one_open, std::memory_order_relaxed));
        return true;
    }

    /// Reserves a slot for more payload of an open span; no_slot when the segment is full.
    std::uint32_t extra_slot() noexcept {
        std::uint64_t seen = progress_.load(std::memory_order_relaxed);
        do {
            if (slots_of(seen) >= header_.max_slots) {
                return no_slot;
            }
        } while (!progress_.compare_exchange_weak(seen, seen + 1U, std::memory_order_relaxed));
        return slots_of(seen);
    }

    /// Counts one open span less. The last one finishes the segment, which may then be reused at once.
    void close_slot() noexcept {
        // acq_rel: whoever reads a finished segment sees all that every span's owner wrote
        if (progress_.fetch_sub(one_open, std::memory_order_acq_rel) < 2 * one_open) {
            finish();
        }
    }

    /// The record of a reserved slot; null when memory for it ran out.
    record* use(std::uint32_t slot) noexcept {
        auto& place = chunks_[slot / chunk::records];
        chunk* block = place.load(std::memory_order_acquire);
        if (block == nullptr && (block = grow(place)) == nullptr) {
            return nullptr;
        }
        return &block->slots[slot % chunk::records];
    }

    /// The record of a slot of a finished segment; null for one that memory was short for when it was reserved, though it
    /// may have come later for its neighbours.
    record const* read(std::uint32_t slot) const noexcept {
        chunk const* const block = chunks_[slot / chunk::records].load(std::memory_order_acquire);
        if (block == nullptr || block->slots[slot % chunk::records].life != life()) {
            return nullptr;
        }
        return &block->slots[slot % chunk::records];
    }

    /// As `read`, for whoever files the segment, before anyone else sees it.
    record* written(std::uint32_t slot) noexcept { return const_cast<record*>(std::as_const(*this).read(slot)); }

    /// Says when the segment began, and what its stamps measure. For whoever files it.
    void set_times(monotonic_time start, wall_time wall_start, double stamp_ns) noexcept {
        header_.start = start;
        header_.wall_start = wall_start;
        header_.stamp_ns = stamp_ns;
    }

    /// The time from the segment's beginning to a stamp of it, once it is filed.
    std::int64_t nanoseconds_at(std::int64_t stamp) const noexcept { return nanoseconds(stamp - header_.begin); }
    /// The length of time between two of its stamps, once it is filed.
    std::int64_t nanoseconds(std::int64_t stamps) const noexcept {
        return static_cast<std::int64_t>(static_cast<double>(stamps) * header_.stamp_ns);
    }

    /// Why the trace was kept, once it was.
    keep_reason reason() const noexcept { return reason_; }
    void set_reason(keep_reason reason) noexcept { reason_ = reason; }

    /// Slots reserved so far.
    std::uint32_t slots() const noexcept { return slots_of(progress_.load(std::memory_order_acquire)); }

    /// Memory that the segment holds.
    std::uint64_t bytes() const noexcept { return sizeof(segment) + sizeof(chunk) * chunk_count(slots()); }

    std::uint32_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

    /// Notes that a span of this trace is not recorded.
    void drop(drop_reason reason) noexcept {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        owner_->count_drop(reason);
    }

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
            return;
        }
        // keeps the owner, whose pool this segment lives in, until the segment is back
        auto const owner = std::move(owner_);
        baggage_.reset();
        owner->recycle(*this);
    }

    /// Gives the chunks back. Only for the owner's `recycle`.
    void return_chunks(segment_owner& owner) noexcept {
        for (std::uint32_t i = 0; i < chunk_count(slots()); ++i) {
            chunk* const block = chunks_[i].exchange(nullptr, std::memory_order_relaxed);
            if (block != nullptr) {
                owner.give_chunk(*block);
            }
        }
    }

    segment* next_finished = nullptr; ///< links the segments that await filing

  private:
    static constexpr std::uint64_t one_open = std::uint64_t{1} << 32U;
    static std::uint32_t slots_of(std::uint64_t progress) noexcept { return static_cast<std::uint32_t>(progress); }
    static std::uint32_t chunk_count(std::uint32_t slots) noexcept {
        return (slots + chunk::records - 1) / chunk::records;
    }

    [[gnu::noinline]] void finish() noexcept {
        auto const owner = owner_; // another thread may recycle the segment before `finished` returns
        owner->finished(*this);
    }

    [[gnu::noinline]] chunk* grow(std::atomic<chunk*>& place) noexcept {
        chunk* const fresh = owner_->take_chunk();
        if (fresh == nullptr) {
            return nullptr;
        }
        chunk* present = nullptr;
        if (place.compare_exchange_strong(present, fresh, std::memory_order_acq_rel)) {
            return fresh;
        }
        owner_->give_chunk(*fresh); // another thread of this trace was faster
        return present;
    }

    std::atomic<std::uint64_t> progress_{0};
    std::atomic<std::uint32_t> references_{0};
    std::atomic<std::uint32_t> dropped_{0};
    std::shared_ptr<segment_owner> owner_;
    header header_;
    keep_reason reason_ = keep_reason::none;
    std::string tracestate_;
    mutable std::mutex baggage_mutex_;
    std::shared_ptr<trace::baggage const> baggage_;
    std::vector<std::atomic<chunk*>> chunks_; // max_slots is the same for all traces of a tracer
};

} // namespace detail
} // namespace orfeas::inline v0::trace
