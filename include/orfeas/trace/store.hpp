// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/trace/detail/decode.hpp>
#include <orfeas/trace/detail/timeline.hpp>
#include <orfeas/trace/finished_trace.hpp>
#include <orfeas/trace/operations.hpp>
#include <orfeas/trace/options.hpp>
#include <orfeas/trace/query.hpp>
#include <orfeas/trace/sampling.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace orfeas::inline v0::trace {

/// Totals of a trace store.
struct trace_store_stats {
    std::uint64_t traces_total = 0;                       ///< traces that ended
    std::uint64_t spans_total = 0;                        ///< their spans
    std::uint64_t errors_total = 0;                       ///< spans that failed
    std::array<std::uint64_t, keep_reasons> kept_total{}; ///< traces by `keep_reason`; `none` for those not kept
    std::uint64_t stored = 0;                             ///< traces held at present, without the slow list
    std::uint64_t stored_bytes = 0;
};

/// The finished traces of a tracer: the last ones that the tail policy keeps, within a number and a number of bytes, and
/// apart from them the slowest of all. Statistics cover every recorded span, also those of traces that are not kept.
///
/// Whoever brings a finished trace files it; while another thread is at that, traces wait in a lock-free stack for it, for
/// the next trace, or for whoever asks. So a finishing trace never waits, and an answer never misses one that ended before.
/// Thread-safe.
template<clock Clock = steady_clock, tail_policy Tail = standard_tail_policy>
class basic_trace_store {
  public:
    basic_trace_store(tracer_options const& options, detail::timeline<Clock>& times, Tail tail)
        : times_{&times},
          tail_{std::move(tail)},
          most_bytes_{options.stored_bytes},
          most_slow_{options.slow_traces},
          slow_keep_{options.slow_keep},
          quantile_{options.keep_quantile},
          recent_(options.stored_traces),
          children_ns_(options.spans_per_trace),
          operations_{options.operations} {
        slow_.reserve(most_slow_ + 1);
    }
    basic_trace_store(basic_trace_store const&) = delete;
    basic_trace_store& operator=(basic_trace_store const&) = delete;
    ~basic_trace_store() { close(); }

    /// The last `most` traces, the newest first. O(spans of these traces).
    std::vector<trace_summary> recent(std::size_t most) const {
        trace_query query;
        query.most = most;
        return find(query).traces;
    }

    /// The newest traces that a query asks for. O(spans of the traces held); allocates for the handles of all that it has
    /// to look at, and holds no lock while it looks.
    trace_page find(trace_query const& query) const {
        trace_page page;
        bool has_more = false;
        for (entry const& each : newest_first(query.before)) {
            if (!detail::matches(query, each.trace)) {
                continue;
            }
            has_more = page.traces.size() == query.most;
            if (has_more) {
                break;
            }
            page.traces.push_back(detail::summarize(each.trace));
            page.next = each.number;
        }
        if (!has_more) {
            page.next.reset();
        }
        return page;
    }

    /// The slowest traces that ended within the option `slow_keep`, the slowest first.
    std::vector<trace_summary> slow(std::size_t most) const {
        std::vector<finished_trace> found;
        {
            std::lock_guard const hold{filing_};
            file_arrivals();
            times_->update();
            expire_slow(times_->now());
            for (std::size_t i = 0; i < std::min(most, slow_.size()); ++i) {
                found.emplace_back(*slow_[i].trace);
            }
        }
        std::vector<trace_summary> list;
        for (finished_trace const& each : found) {
            list.push_back(detail::summarize(each));
        }
        return list;
    }

    /// Everything held of one trace; empty when nothing is. O(traces held).
    std::optional<stored_trace> find(trace_id id) const {
        std::vector<finished_trace> found;
        {
            std::lock_guard const hold{filing_};
            file_arrivals();
            for (std::size_t i = 0; i < size_; ++i) {
                add_match(recent_at(i), id, found);
            }
            for (filed const& each : slow_) {
                add_match(each, id, found);
            }
        }
        if (found.empty()) {
            return std::nullopt;
        }
        return merge(found);
    }

    /// Statistics by span name, of every recorded span that has ended; the busiest first.
    std::vector<operation_statistics> operations() const {
        std::vector<operation_statistics> list;
        {
            std::lock_guard const hold{filing_};
            file_arrivals();
            list = operations_.report();
        }
        std::sort(list.begin(), list.end(), [](operation_statistics const& a, operation_statistics const& b) {
            return a.count != b.count ? a.count > b.count : a.name < b.name;
        });
        return list;
    }

    trace_store_stats stats() const {
        std::lock_guard const hold{filing_};
        file_arrivals();
        trace_store_stats now = totals_;
        now.stored = size_;
        now.stored_bytes = bytes_;
        return now;
    }

    /// Hands each trace that is kept from now on to `sink`, besides storing it; an empty function ends that, and on return
    /// the former one is not running. It is called by one thread at a time, by whoever ended a trace, and must be quick,
    /// throw nothing, and not use the tracer. Traces that no head sampler chose are left out unless they went wrong or
    /// were slow.
    void set_sink(unique_function<void(finished_trace)> sink) {
        std::lock_guard const hold{filing_};
        file_arrivals(); // they ended before
        sink_ = std::move(sink);
    }

    /// Takes over the last reference to a finished segment. For the tracer.
    void submit(detail::segment& trace) noexcept {
        if (std::unique_lock const hold{filing_, std::try_to_lock}; hold.owns_lock()) {
            file_arrivals();
            file(trace);
            return;
        }
        detail::segment* head = arrivals_.load(std::memory_order_relaxed);
        do {
            trace.next_finished = head;
        } while (!arrivals_.compare_exchange_weak(head, &trace, std::memory_order_release, std::memory_order_relaxed));
        if (std::unique_lock const hold{filing_, std::try_to_lock}; hold.owns_lock()) {
            file_arrivals();
        }
    }

    /// Gives all traces back and keeps none from now on. For the tracer.
    void close() noexcept {
        std::lock_guard const hold{filing_};
        closed_ = true;
        file_arrivals();
        while (size_ > 0) {
            evict_oldest();
        }
        for (filed const& each : slow_) {
            each.trace->release();
        }
        slow_.clear();
        sink_ = nullptr;
    }

  private:
    struct filed {
        trace_id id;
        detail::segment* trace = nullptr;
        std::uint64_t number = 0; ///< counts the traces kept
        std::uint64_t bytes = 0;
        std::chrono::nanoseconds duration{};
        monotonic_time ended;
    };

    /// A trace for the time of reading it.
    struct entry {
        finished_trace trace;
        std::uint64_t number;
    };

    filed& recent_at(std::size_t index) const noexcept { return recent_[(first_ + index) % recent_.size()]; }

    std::vector<entry> newest_first(std::uint64_t before) const {
        std::lock_guard const hold{filing_};
        file_arrivals();
        std::vector<entry> list;
        list.reserve(size_);
        for (std::size_t i = size_; i > 0; --i) {
            filed const& each = recent_at(i - 1);
            if (each.number < before) {
                list.push_back({finished_trace{*each.trace}, each.number});
            }
        }
        return list;
    }

    static void add_match(filed const& each, trace_id id, std::vector<finished_trace>& found) {
        if (each.id != id) {
            return;
        }
        finished_trace match{*each.trace};
        if (std::find(found.begin(), found.end(), match) == found.end()) {
            found.push_back(std::move(match));
        }
    }

    static stored_trace merge(std::vector<finished_trace>& found) {
        std::sort(found.begin(), found.end(), [](finished_trace const& a, finished_trace const& b) {
            return a.monotonic_start() < b.monotonic_start();
        });
        finished_trace const& first = found.front();
        stored_trace whole;
        whole.summary = detail::summarize(first);
        whole.tracestate = first.tracestate();
        for (finished_trace const& each : found) {
            auto const offset = each.monotonic_start() - first.monotonic_start();
            each.for_each_span(
                [&](span_view const& span) { whole.spans.push_back(detail::decode_span(span, offset)); });
            if (each == first) {
                continue;
            }
            auto const part = detail::summarize(each);
            whole.summary.spans += part.spans;
            whole.summary.dropped += part.dropped;
            if (part.status == span_status::error) {
                whole.summary.status = span_status::error;
            }
        }
        sort_by_start(whole.spans);
        return whole;
    }

    /// Keeps the order of spans that start at the same time.
    static void sort_by_start(std::vector<stored_span>& spans) {
        std::vector<std::size_t> order(spans.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return spans[a].start != spans[b].start ? spans[a].start < spans[b].start : a < b;
        });
        std::vector<stored_span> sorted;
        sorted.reserve(spans.size());
        for (std::size_t const each : order) {
            sorted.push_back(std::move(spans[each]));
        }
        spans = std::move(sorted);
    }

    /// Files all that has arrived, the oldest first. Under the lock.
    void file_arrivals() const noexcept {
        if (arrivals_.load(std::memory_order_relaxed) == nullptr) {
            return;
        }
        detail::segment* newest = arrivals_.exchange(nullptr, std::memory_order_acquire);
        detail::segment* oldest = nullptr;
        while (newest != nullptr) {
            detail::segment* const next = std::exchange(newest->next_finished, oldest);
            oldest = std::exchange(newest, next);
        }
        while (oldest != nullptr) {
            detail::segment* const next = oldest->next_finished;
            file(*oldest);
            oldest = next;
        }
    }

    /// Counts a trace, decides whether it is kept, and then stores it. Under the lock.
    void file(detail::segment& trace) const noexcept {
        detail::record const* const root = std::as_const(trace).read(0);
        if (root == nullptr || closed_) {
            return trace.release();
        }
        auto const& head = trace.head();
        times_->update();
        trace.set_times(times_->time_of(head.begin, head.counts_ticks),
                        times_->wall_time_of(head.begin, head.counts_ticks), times_->stamp_ns(head.counts_ticks));
        bool const failed = count(trace);
        std::chrono::nanoseconds const duration{trace.nanoseconds(root->end - root->start)};
        auto const ended = head.start + std::chrono::nanoseconds{trace.nanoseconds_at(root->end)};
        filed const each{head.id, &trace, totals_.traces_total, trace.bytes(), duration, ended};
        trace.set_reason(decide(each, *root, failed));
        file_slow(each);
        ++totals_.kept_total[static_cast<std::size_t>(trace.reason())];
        if (trace.reason() == keep_reason::none) {
            return trace.release();
        }
        hand_over(trace);
        file_recent(each);
    }

    /// Takes up what others said of spans, and counts all spans; whether one failed. From the last slot to the first, so
    /// that the children of a span, which come after it, are known.
    bool count(detail::segment& trace) const noexcept {
        bool any_failed = false;
        ++totals_.traces_total;
        for (std::uint32_t slot = trace.slots(); slot-- > 0;) {
            detail::record* const each = trace.written(slot);
            if (each == nullptr || each->type == detail::record_type::text) {
                continue;
            }
            if (each->type == detail::record_type::annotation) {
                adopt(trace, slot, *each);
                continue;
            }
            std::int64_t const duration = trace.nanoseconds(each->end - each->start);
            std::int64_t const own = duration - std::exchange(children_ns_[slot], 0);
            if (each->parent != detail::no_slot) {
                children_ns_[each->parent] += duration;
            }
            bool const failed = each->status == span_status::error;
            any_failed = any_failed || failed;
            ++totals_.spans_total;
            totals_.errors_total += failed ? 1U : 0U;
            operations_.of(each->name_view(), each->has_literal_name).record(duration, own > 0 ? own : 0, failed);
        }
        return any_failed;
    }

    /// Makes an annotation a part of its span's payload.
    static void adopt(detail::segment& trace, std::uint32_t slot, detail::record& note) noexcept {
        detail::record* const span = trace.written(note.parent);
        if (span == nullptr) {
            return;
        }
        span->has_groups = span->has_groups || note.has_groups;
        span->may_repeat_keys = true; // they do not know each other's keys
        span->status = note.status != span_status::unset ? note.status : span->status;
        detail::record* tail = span; // the end of its own payload: what was adopted already came later
        while (is_text(trace, tail->next)) {
            tail = trace.written(tail->next);
        }
        detail::record* end = &note;
        while (is_text(trace, end->next)) {
            end = trace.written(end->next);
        }
        end->next = std::exchange(tail->next, slot);
    }

    static bool is_text(detail::segment& trace, std::uint32_t slot) noexcept {
        detail::record const* const each = slot != detail::no_slot ? trace.written(slot) : nullptr;
        return each != nullptr && each->type == detail::record_type::text;
    }

    keep_reason decide(filed const& each, detail::record const& root, bool failed) const noexcept {
        auto& operation = operations_.of(root.name_view(), root.has_literal_name);
        trace_outcome outcome{each.id, root.name_view(), each.duration, failed};
        outcome.sampled = (each.trace->head().flags & span_context::sampled_flag) != 0;
        if (quantile_ > 0) {
            outcome.usual_duration = operation.usual_duration(quantile_);
        }
        outcome.kept_this_second =
            operation.kept_in(std::chrono::duration_cast<std::chrono::seconds>(each.ended.time_since_epoch()).count());
        keep_reason const reason = tail_.keep(outcome);
        operation.kept += reason != keep_reason::none ? 1U : 0U;
        return reason;
    }

    void hand_over(detail::segment& trace) const noexcept {
        bool const sampled = (trace.head().flags & span_context::sampled_flag) != 0;
        bool const by_chance = trace.reason() == keep_reason::ratio || trace.reason() == keep_reason::quota;
        if (sink_ != nullptr && (sampled || !by_chance)) {
            sink_(finished_trace{trace});
        }
    }

    void file_recent(filed const& each) const noexcept {
        while (size_ > 0 && (size_ == recent_.size() || bytes_ + each.bytes > most_bytes_)) {
            evict_oldest();
        }
        if (each.bytes > most_bytes_) {
            return each.trace->release();
        }
        recent_at(size_) = each;
        ++size_;
        bytes_ += each.bytes;
    }

    void evict_oldest() const noexcept {
        filed const& oldest = recent_at(0);
        bytes_ -= oldest.bytes;
        first_ = (first_ + 1) % recent_.size();
        --size_;
        oldest.trace->release();
    }

    void file_slow(filed const& each) const noexcept {
        if (most_slow_ == 0) {
            return;
        }
        if (each.ended >= next_expiry_) {
            expire_slow(each.ended);
        }
        bool const full = slow_.size() == most_slow_;
        if (full && slow_.back().duration >= each.duration) {
            return;
        }
        auto const place = std::find_if(slow_.begin(), slow_.end(),
                                        [&](filed const& other) { return other.duration < each.duration; });
        each.trace->retain();
        slow_.insert(place, each); // within the reserved capacity
        if (full) {
            slow_.back().trace->release();
            slow_.pop_back();
        }
        next_expiry_ = std::min(next_expiry_, each.ended + slow_keep_);
    }

    void expire_slow(monotonic_time now) const noexcept {
        next_expiry_ = monotonic_time::max();
        std::erase_if(slow_, [&](filed const& each) {
            if (now - each.ended <= slow_keep_) {
                next_expiry_ = std::min(next_expiry_, each.ended + slow_keep_);
                return false;
            }
            each.trace->release();
            return true;
        });
    }

    detail::timeline<Clock>* const times_;
    mutable Tail tail_;
    std::uint64_t const most_bytes_;
    std::size_t const most_slow_;
    std::chrono::nanoseconds const slow_keep_;
    double const quantile_;

    // Filing what has arrived changes no answer, so reading counts as const.
    mutable std::atomic<detail::segment*> arrivals_{nullptr};
    mutable std::mutex filing_;
    mutable std::vector<filed> recent_; // a ring of `size_` entries from `first_`
    mutable std::size_t first_ = 0;
    mutable std::size_t size_ = 0;
    mutable std::uint64_t bytes_ = 0;
    mutable std::vector<filed> slow_; // the slowest first
    mutable monotonic_time next_expiry_ = monotonic_time::max();
    mutable std::vector<std::int64_t> children_ns_; // by slot, while a trace is counted; zero otherwise
    mutable detail::operation_table operations_;
    mutable trace_store_stats totals_;
    mutable unique_function<void(finished_trace)> sink_;
    bool closed_ = false;
};

using trace_store = basic_trace_store<>;

} // namespace orfeas::inline v0::trace
