// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/trace/detail/segment.hpp>
#include <orfeas/trace/detail/timeline.hpp>
#include <orfeas/trace/options.hpp>
#include <orfeas/trace/sampling.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/store.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::trace::detail {

/// What a tracer and its open traces share: pools, ids, counts and the store. Lives until the tracer and the last
/// reference to one of its traces are gone.
/// Thread-safe.
template<clock Clock, head_sampler Head, tail_policy Tail>
class recorder final : public segment_owner, public std::enable_shared_from_this<recorder<Clock, Head, Tail>> {
  public:
    recorder(tracer_options const& options, Clock clock, Head head, Tail tail)
        : spans_per_trace_{options.spans_per_trace},
          active_traces_{options.active_traces},
          service_{options.service},
          trace_seed_high_{random_seed()},
          trace_seed_low_{random_seed()},
          span_seed_{random_seed()},
          segments_{options.active_traces + options.stored_traces + options.slow_traces + options.exported_traces +
                    segments_for_readers},
          chunks_{chunks_in(options.active_bytes) + chunks_in(options.stored_bytes) +
                  chunks_in(options.exported_bytes)},
          head_{std::move(head)},
          times_{std::move(clock)},
          store_{options, times_, std::move(tail)} {}

    std::int64_t clock_stamp() const noexcept override { return times_.clock_stamp(); }
    std::string_view service() const noexcept override { return service_; }

    /// A new segment of a new trace, or of the one that comes from elsewhere; its slot 0 is open. Null when a limit forbids
    /// it.
    segment* start(span_start const& root, remote_parent const* from) noexcept {
        span_context const parent = from != nullptr ? from->ids() : span_context{};
        segment::header head = fresh_header();
        if (parent) {
            head.id = parent.trace;
            head.remote_parent = parent.span;
            head.flags = parent.flags;
        }
        auto now = [this] { return times_.now(); };
        head_decision const decision = head_.decide({parent, head.id, root.name.view(), root.kind, now});
        bool const is_sampled = decision == head_decision::record_and_sample;
        head.is_recorded = decision != head_decision::drop;
        head.flags = static_cast<std::uint8_t>(is_sampled ? head.flags | span_context::sampled_flag
                                                          : head.flags & ~unsigned{span_context::sampled_flag});
        try {
            std::shared_ptr<baggage const> travelling;
            if (from != nullptr && !from->baggage().empty()) {
                travelling = std::make_shared<baggage const>(from->baggage());
            }
            return start(head, parent ? from->tracestate() : std::string_view{}, std::move(travelling));
        } catch (std::bad_alloc const&) {
            count_drop(drop_reason::memory);
            return nullptr;
        }
    }

    segment* continue_trace(segment const& ended, std::uint32_t parent) noexcept override {
        segment::header head = fresh_header();
        span_context const ids = ended.context_of(parent);
        head.id = ids.trace;
        head.remote_parent = ids.span;
        head.flags = ids.flags;
        return start(head, ended.tracestate(), ended.baggage());
    }

    chunk* take_chunk() noexcept override { return chunks_.take(); }
    void give_chunk(chunk& block) noexcept override { chunks_.give(block); }

    void count_drop(drop_reason reason) noexcept override {
        drops_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
    }
    void count_lost_attribute() noexcept override { lost_attributes_.fetch_add(1, std::memory_order_relaxed); }

    void finished(segment& trace) noexcept override {
        active_.fetch_sub(1, std::memory_order_relaxed);
        if (trace.is_recorded()) {
            store_.submit(trace);
        } else {
            unrecorded_.fetch_add(1, std::memory_order_relaxed);
            trace.release();
        }
    }

    void recycle(segment& trace) noexcept override {
        trace.return_chunks(*this);
        segments_.give(trace);
    }

    std::uint64_t drops(drop_reason reason) const noexcept {
        return drops_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
    }
    std::uint64_t lost_attributes() const noexcept { return lost_attributes_.load(std::memory_order_relaxed); }
    std::uint32_t active() const noexcept { return active_.load(std::memory_order_relaxed); }

    /// Traces that the head sampler did not let in.
    std::uint64_t unrecorded() const noexcept { return unrecorded_.load(std::memory_order_relaxed); }

    basic_trace_store<Clock, Tail>& store() noexcept { return store_; }

  private:
    static constexpr std::uint32_t segments_for_readers = 64;

    static std::uint32_t chunks_in(std::uint64_t bytes) noexcept {
        return static_cast<std::uint32_t>(bytes / sizeof(chunk));
    }

    /// Ids by SplitMix64 from random seeds: distinct within the process, and all bits of the trace id random enough for
    /// consistent sampling (W3C Trace Context level 2, random flag).
    segment::header fresh_header() noexcept {
        std::uint64_t const step = begun_.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15U;
        segment::header head;
        head.id = trace_id{mix64(trace_seed_high_ + step), mix64(trace_seed_low_ + step)};
        if (!head.id) {
            head.id.low = 1;
        }
        head.span_seed = mix64(span_seed_ + step);
        head.flags = span_context::sampled_flag | span_context::random_flag;
        head.max_slots = spans_per_trace_;
        return head;
    }

    segment* start(segment::header& head, std::string_view tracestate,
                   std::shared_ptr<baggage const> travelling) noexcept {
        if (active_.fetch_add(1, std::memory_order_relaxed) >= active_traces_) {
            return refuse(drop_reason::active_limit);
        }
        segment* const trace = segments_.take();
        if (trace == nullptr) {
            return refuse(drop_reason::memory);
        }
        head.counts_ticks = times_.counts_ticks();
        head.begin = head.counts_ticks ? static_cast<std::int64_t>(tick_counter::read()) : times_.clock_stamp();
        try {
            trace->begin(this->shared_from_this(), head, tracestate, std::move(travelling));
        } catch (std::bad_alloc const&) { // the first use of this segment, or a long tracestate
            segments_.give(*trace);
            return refuse(drop_reason::memory);
        }
        return trace;
    }

    segment* refuse(drop_reason reason) noexcept {
        active_.fetch_sub(1, std::memory_order_relaxed);
        count_drop(reason);
        return nullptr;
    }

    std::uint32_t const spans_per_trace_;
    std::uint32_t const active_traces_;
    std::string const service_;
    std::uint64_t const trace_seed_high_;
    std::uint64_t const trace_seed_low_;
    std::uint64_t const span_seed_;
    std::atomic<std::uint64_t> begun_{0};
    std::atomic<std::uint32_t> active_{0};
    std::array<std::atomic<std::uint64_t>, drop_reasons> drops_{};
    std::atomic<std::uint64_t> lost_attributes_{0};
    std::atomic<std::uint64_t> unrecorded_{0};
    slot_pool<segment> segments_;
    slot_pool<chunk> chunks_;
    Head head_;
    timeline<Clock> times_;
    basic_trace_store<Clock, Tail> store_;
};

} // namespace orfeas::inline v0::trace::detail
