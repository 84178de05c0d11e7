// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/backoff.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/export/drop_reason.hpp>
#include <orfeas/export/export_stats.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace orfeas::inline v0::exporting {

/// The limits of a pipeline; see otlp_options for what they mean.
struct pipeline_limits {
    std::uint64_t queue_items = 16'384;
    std::uint64_t queue_bytes = std::uint64_t{32} << 20;
    std::uint64_t batch_items = 2048;
    std::uint64_t batch_bytes = std::uint64_t{1} << 20;
    std::chrono::nanoseconds schedule_delay = std::chrono::seconds{5};
    std::chrono::nanoseconds retry_first = std::chrono::seconds{1};
    std::chrono::nanoseconds retry_most = std::chrono::seconds{30};
    std::uint32_t attempts = 5;
};

/// What an element of the queue stands for.
struct item_weight {
    std::uint64_t items = 1; ///< spans or data points
    std::uint64_t bytes = 0;
};

/// The state machine of an exporter: a bounded queue, batches by number, bytes and age, one batch in flight, retries with
/// back-off, a bounded end, and an account in which every span is somewhere. Sans-I/O: who sends asks `next` what to do and
/// reports how it went. Time is passed in and does not go back. Elements keep their order.
///
/// A batch is taken when it is full, or when its oldest element is `schedule_delay` old. A batch that fails is sent again
/// up to `attempts` times; meanwhile the queue fills. All calls are O(1) but for the elements of a batch.
/// Thread-compatible (distinct objects).
template<class Element>
class pipeline {
  public:
    enum class what : std::uint8_t {
        wait, ///< nothing to do before `until`, unless `push` says so
        send, ///< `batch()`, then report `accepted`, `refused` or `unreachable`
        end,  ///< stopped, and nothing is left
    };

    struct step {
        what action;
        monotonic_time until = monotonic_time::max(); ///< for `wait`
    };

    /// Equal seeds give equal waits between attempts.
    pipeline(pipeline_limits const& limits, std::uint64_t seed) noexcept
        : limits_{limits}, backoff_{limits.retry_first, limits.retry_most, seed} {}

    /// Takes an element, or drops and counts it. One that stands for more items than the queue may hold is taken when
    /// it is the only one: else a large registry's metrics would never get through. True when whoever waits on behalf of `next` should ask again.
    bool push(Element&& element, item_weight weight, monotonic_time now) {
        ORFEAS_ASSERT(weight.items > 0, "an element stands for something");
        stats_.produced += weight.items;
        if (is_stopping_) {
            drop(drop_reason::shutdown, weight.items);
            return false;
        }
        bool const was_empty = queue_.empty();
        if (!was_empty && weight.items > limits_.queue_items - std::min(limits_.queue_items, stats_.queued)) {
            drop(drop_reason::queue_full, weight.items);
            return false;
        }
        if (weight.bytes > limits_.queue_bytes - std::min(limits_.queue_bytes, stats_.queued_bytes)) {
            drop(drop_reason::queue_bytes, weight.items);
            return false;
        }
        bool const was_full = is_batch_full();
        try {
            queue_.push_back({std::move(element), weight, now});
        } catch (std::bad_alloc const&) {
            drop(drop_reason::queue_bytes, weight.items);
            return false;
        }
        stats_.queued += weight.items;
        stats_.queued_bytes += weight.bytes;
        return was_empty || (!was_full && is_batch_full());
    }

    /// Counts elements that could not even be made (out of memory).
    void lose(std::uint64_t items) noexcept {
        stats_.produced += items;
        drop(is_stopping_ ? drop_reason::shutdown : drop_reason::queue_bytes, items);
    }

    /// What is to be done now. Throws std::bad_alloc when there is no memory for a batch, and nothing is changed then.
    step next(monotonic_time now) {
        if (!batch_.empty()) {
            if (is_stopping_ && std::max(retry_at_, now) >= stop_by_) {
                abandon_batch(); // it cannot be sent again in time
                return next(now);
            }
            return now >= retry_at_ ? step{what::send} : step{what::wait, retry_at_};
        }
        if (is_stopping_ && now >= stop_by_) {
            abandon_queue();
        }
        if (queue_.empty()) {
            return is_stopping_ ? step{what::end} : step{what::wait};
        }
        auto const due = queue_.front().since + limits_.schedule_delay;
        if (!is_stopping_ && !is_batch_full() && now < due) {
            return {what::wait, due};
        }
        take_batch();
        return {what::send};
    }

    /// The elements in flight.
    std::span<Element const> batch() const noexcept { return batch_; }

    /// Whether the batch is sent for the first time.
    bool is_first_attempt() const noexcept { return attempt_ == 0; }

    /// A request with the batch goes out.
    void sending(std::uint64_t bytes) noexcept {
        ORFEAS_ASSERT(!batch_.empty(), "send what next() asked for");
        stats_.retries_total += is_first_attempt() ? 0U : 1U;
        ++attempt_;
        ++stats_.requests_total;
        stats_.sent_bytes_total += bytes;
    }

    /// The receiver has taken the batch, but for `rejected` of its spans or data points.
    void accepted(std::uint64_t rejected) noexcept {
        auto const lost = std::min(rejected, stats_.in_flight);
        stats_.exported += stats_.in_flight - lost;
        drop(drop_reason::rejected, lost);
        end_batch();
    }

    /// The receiver will not take the batch, whenever it is sent.
    void refused() noexcept {
        drop(drop_reason::failed, stats_.in_flight);
        end_batch();
    }

    /// The batch did not arrive, or the receiver was busy; it may have asked for a wait.
    void unreachable(std::optional<std::chrono::nanoseconds> retry_after, monotonic_time now) noexcept {
        if (is_stopping_ && now >= stop_by_) {
            return abandon_batch();
        }
        if (attempt_ >= limits_.attempts) {
            drop(drop_reason::retries_exhausted, stats_.in_flight);
            return end_batch();
        }
        auto const wait = backoff_.next();
        retry_at_ = now + retry_after.value_or(wait);
    }

    /// From now on nothing is taken in, batches are sent without waiting to be full, and what has not been sent at
    /// `deadline` is dropped. The earliest deadline counts.
    void begin_stop(monotonic_time deadline) noexcept {
        stop_by_ = is_stopping_ ? std::min(stop_by_, deadline) : deadline;
        is_stopping_ = true;
    }

    bool is_stopping() const noexcept { return is_stopping_; }

    /// When a stopping pipeline gives up.
    monotonic_time stop_by() const noexcept { return is_stopping_ ? stop_by_ : monotonic_time::max(); }

    export_stats const& stats() const noexcept { return stats_; }

  private:
    struct entry {
        Element element;
        item_weight weight;
        monotonic_time since;
    };

    bool is_batch_full() const noexcept {
        return stats_.queued >= limits_.batch_items || stats_.queued_bytes >= limits_.batch_bytes;
    }

    /// At least one element; else as many as fit.
    void take_batch() {
        std::uint64_t items = 0;
        std::uint64_t bytes = 0;
        batch_.reserve(std::min<std::size_t>(queue_.size(), limits_.batch_items));
        while (!queue_.empty()) {
            auto& front = queue_.front();
            bool const fits =
                items + front.weight.items <= limits_.batch_items && bytes + front.weight.bytes <= limits_.batch_bytes;
            if (!batch_.empty() && !fits) {
                break;
            }
            items += front.weight.items;
            bytes += front.weight.bytes;
            batch_.push_back(std::move(front.element));
            queue_.pop_front();
        }
        stats_.queued -= items;
        stats_.queued_bytes -= bytes;
        stats_.in_flight = items;
        ++stats_.batches_total;
        attempt_ = 0;
        retry_at_ = {};
        backoff_.reset();
    }

    void end_batch() noexcept {
        stats_.in_flight = 0;
        batch_.clear();
    }

    void abandon_batch() noexcept {
        drop(drop_reason::shutdown, stats_.in_flight);
        end_batch();
    }

    void abandon_queue() noexcept {
        drop(drop_reason::shutdown, stats_.queued);
        stats_.queued = stats_.queued_bytes = 0;
        queue_.clear();
    }

    void drop(drop_reason reason, std::uint64_t items) noexcept {
        stats_.drops[static_cast<std::size_t>(reason)] += items;
    }

    pipeline_limits limits_;
    backoff backoff_;
    std::deque<entry> queue_;
    std::vector<Element> batch_; // in flight
    std::uint32_t attempt_ = 0;  // requests with this batch so far
    monotonic_time retry_at_{};
    monotonic_time stop_by_ = monotonic_time::max();
    bool is_stopping_ = false;
    export_stats stats_;
};

} // namespace orfeas::inline v0::exporting
