// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/detail/decode.hpp>
#include <orfeas/trace/operations.hpp>
#include <orfeas/trace/options.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <algorithm>
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
    std::uint64_t traces_total = 0; ///< traces that ended
    std::uint64_t spans_total = 0;  ///< their spans
    std::uint64_t errors_total = 0; ///< spans that failed
    std::uint64_t stored = 0;       ///< traces held at present, without the slow list
    std::uint64_t stored_bytes = 0;
};

/// The finished traces of a tracer: the last ones, within a number and a number of bytes, and apart from them the
/// slowest. Statistics cover every recorded span, also those of traces that are no longer held.
///
/// Traces arrive through a lock-free stack; whoever brings one files what has arrived if nobody else is at it, and
/// whoever asks files the rest. So a finishing trace never waits, and an answer never misses a trace that ended before.
/// Thread-safe.
template<clock Clock = steady_clock>
class basic_trace_store {
  public:
    basic_trace_store(tracer_options const& options, Clock clock)
        : clock_{std::move(clock)},
          most_bytes_{options.stored_bytes},
          most_slow_{options.slow_traces},
          slow_keep_{options.slow_keep},
          recent_(options.stored_traces),
          operations_{options.operations} {
        slow_.reserve(most_slow_ + 1);
    }
    basic_trace_store(basic_trace_store const&) = delete;
    basic_trace_store& operator=(basic_trace_store const&) = delete;
    ~basic_trace_store() { close(); }

    /// The last `most` traces, the newest first. O(spans of these traces).
    std::vector<trace_summary> recent(std::size_t most) const {
        std::vector<held> found;
        {
            std::lock_guard const hold{filing_};
            file_arrivals();
            std::size_t const count = std::min(most, size_);
            found.reserve(count);
            for (std::size_t i = 0; i < count; ++i) {
                found.emplace_back(*recent_at(size_ - 1 - i).trace);
            }
        }
        return summaries(found);
    }

    /// The slowest traces that ended within the option `slow_keep`, the slowest first.
    std::vector<trace_summary> slow(std::size_t most) const {
        std::vector<held> found;
        {
            std::lock_guard const hold{filing_};
            file_arrivals();
            expire_slow(clock_.now());
            std::size_t const count = std::min(most, slow_.size());
            found.reserve(count);
            for (std::size_t i = 0; i < count; ++i) {
                found.emplace_back(*slow_[i].trace);
            }
        }
        return summaries(found);
    }

    /// Everything held of one trace; empty when nothing is. O(traces held).
    std::optional<stored_trace> find(trace_id id) const {
        std::vector<held> found;
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

    /// Takes over the last reference to a finished segment. For the tracer.
    void submit(detail::segment& trace) noexcept {
        detail::segment* head = arrivals_.load(std::memory_order_relaxed);
        do {
            trace.next_finished = head;
        } while (!arrivals_.compare_exchange_weak(head, &trace, std::memory_order_release, std::memory_order_relaxed));
        std::unique_lock const hold{filing_, std::try_to_lock};
        if (hold.owns_lock()) {
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
    }

  private:
    struct filed {
        trace_id id;
        detail::segment* trace = nullptr;
        std::uint64_t bytes = 0;
        std::chrono::nanoseconds duration{};
        monotonic_time ended;
    };

    /// A reference to a segment for the time of reading it.
    class held {
      public:
        explicit held(detail::segment& trace) noexcept : trace_{&trace} { trace.retain(); }
        held(held&& other) noexcept : trace_{std::exchange(other.trace_, nullptr)} {}
        held& operator=(held&& other) noexcept {
            std::swap(trace_, other.trace_);
            return *this;
        }
        ~held() {
            if (trace_ != nullptr) {
                trace_->release();
            }
        }
        detail::segment const& operator*() const noexcept { return *trace_; }
        bool is(detail::segment const* trace) const noexcept { return trace_ == trace; }

      private:
        detail::segment* trace_;
    };

    filed& recent_at(std::size_t index) const noexcept { return recent_[(first_ + index) % recent_.size()]; }

    static void add_match(filed const& each, trace_id id, std::vector<held>& found) {
        auto const same = [&](held const& present) { return present.is(each.trace); };
        if (each.id == id && std::none_of(found.begin(), found.end(), same)) {
            found.emplace_back(*each.trace);
        }
    }

    static std::vector<trace_summary> summaries(std::vector<held> const& found) {
        std::vector<trace_summary> list;
        list.reserve(found.size());
        for (held const& each : found) {
            list.push_back(detail::summarize(*each));
        }
        return list;
    }

    static stored_trace merge(std::vector<held>& found) {
        std::sort(found.begin(), found.end(),
                  [](held const& a, held const& b) { return (*a).head().start < (*b).head().start; });
        stored_trace whole;
        whole.summary = detail::summarize(*found.front());
        whole.tracestate = (*found.front()).tracestate();
        auto const begin = (*found.front()).head().start;
        for (held const& each : found) {
            detail::decode_spans(*each, (*each).head().start - begin, whole.spans);
            if (each.is(&*found.front())) {
                continue;
            }
            auto const part = detail::summarize(*each);
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

    void file(detail::segment& trace) const noexcept {
        detail::record const* const root = trace.read(0);
        if (root == nullptr || closed_) {
            return trace.release();
        }
        count(trace);
        auto const ended = trace.head().start + std::chrono::nanoseconds{root->end_ns};
        filed const entry{trace.head().id, &trace, trace.bytes(),
                          std::chrono::nanoseconds{root->end_ns - root->start_ns}, ended};
        file_slow(entry);
        file_recent(entry);
    }

    void count(detail::segment const& trace) const noexcept {
        ++totals_.traces_total;
        detail::for_each_span(trace, [&](std::uint32_t, detail::record const& span) {
            bool const failed = span.status == span_status::error;
            ++totals_.spans_total;
            if (failed) {
                ++totals_.errors_total;
            }
            operations_.record(detail::name_of(span), std::chrono::nanoseconds{span.end_ns - span.start_ns}, failed);
        });
    }

    void file_recent(filed const& entry) const noexcept {
        while (size_ > 0 && (size_ == recent_.size() || bytes_ + entry.bytes > most_bytes_)) {
            evict_oldest();
        }
        if (entry.bytes > most_bytes_) {
            return entry.trace->release();
        }
        recent_at(size_) = entry;
        ++size_;
        bytes_ += entry.bytes;
    }

    void evict_oldest() const noexcept {
        filed const& oldest = recent_at(0);
        bytes_ -= oldest.bytes;
        first_ = (first_ + 1) % recent_.size();
        --size_;
        oldest.trace->release();
    }

    void file_slow(filed const& entry) const noexcept {
        if (most_slow_ == 0) {
            return;
        }
        expire_slow(entry.ended);
        bool const full = slow_.size() == most_slow_;
        if (full && slow_.back().duration >= entry.duration) {
            return;
        }
        auto const place =
            std::find_if(slow_.begin(), slow_.end(), [&](filed const& each) { return each.duration < entry.duration; });
        entry.trace->retain();
        slow_.insert(place, entry); // within the reserved capacity
        if (full) {
            slow_.back().trace->release();
            slow_.pop_back();
        }
    }

    void expire_slow(monotonic_time now) const noexcept {
        std::erase_if(slow_, [&](filed const& each) {
            if (now - each.ended <= slow_keep_) {
                return false;
            }
            each.trace->release();
            return true;
        });
    }

    Clock const clock_;
    std::uint64_t const most_bytes_;
    std::size_t const most_slow_;
    std::chrono::nanoseconds const slow_keep_;

    // Filing what has arrived changes no answer, so reading counts as const.
    mutable std::atomic<detail::segment*> arrivals_{nullptr};
    mutable std::mutex filing_;
    mutable std::vector<filed> recent_; // a ring of `size_` entries from `first_`
    mutable std::size_t first_ = 0;
    mutable std::size_t size_ = 0;
    mutable std::uint64_t bytes_ = 0;
    mutable std::vector<filed> slow_; // the slowest first
    mutable detail::operation_table operations_;
    mutable trace_store_stats totals_;
    bool closed_ = false;
};

using trace_store = basic_trace_store<>;

} // namespace orfeas::inline v0::trace
