// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

namespace studio {

/// The largest batch: so many requests, whose weights sum up to so much; one request is always allowed.
struct batch_limits {
    std::uint32_t requests = 1;
    std::uint64_t weight = std::numeric_limits<std::uint64_t>::max();

    friend bool operator==(batch_limits const&, batch_limits const&) = default;
};

/// What an idle worker is to do.
struct batch_decision {
    std::uint32_t take = 0;                        ///< requests to take now, the oldest first
    std::optional<orfeas::monotonic_time> until{}; ///< with none to take: ask again then; empty: when something happens
};

/// Says which of the requests that wait are taken together. It knows no thread, no socket and no clock.
///
/// A worker that is free takes its share of those that wait, the next free one the next share, so that none idles while
/// another holds a long batch. A request that comes while all is quiet is taken at once. While others are being worked on,
/// it may wait up to `delay` for more to join it; not at all with a delay of zero, which is right where a batch saves
/// nothing.
/// Thread-compatible (distinct objects).
class batcher {
  public:
    /// For so many workers, at least one.
    batcher(std::uint32_t workers, std::chrono::nanoseconds delay) : workers_{workers}, delay_{delay} {
        ORFEAS_ASSERT(workers > 0, "a batcher has workers");
    }

    /// A request of that weight has come and waits.
    void arrive(orfeas::monotonic_time now, std::uint64_t weight = 0) { arrivals_.push_back({now, weight}); }

    /// The last one that arrived does not wait after all. Nothing was taken since.
    void withdraw() noexcept { arrivals_.pop_back(); }

    /// Asked by a worker that is free, which does what is answered.
    batch_decision next(orfeas::monotonic_time now, batch_limits const& most) {
        if (arrivals_.empty()) {
            return {};
        }
        auto const share = (arrivals_.size() + workers_ - 1) / workers_;
        auto const take = fitting(share, most);
        bool const is_full = take < share || take >= most.requests;
        auto const due = arrivals_.front().time + delay_;
        if (in_flight_ > 0 && !is_full && now < due) {
            return {.until = due};
        }
        arrivals_.erase(arrivals_.begin(), arrivals_.begin() + take);
        in_flight_ += take;
        return {.take = take};
    }

    /// So many of the requests that were taken are done.
    void finish(std::uint32_t count) {
        ORFEAS_ASSERT(count <= in_flight_, "what is done was taken before");
        in_flight_ -= count;
    }

    std::size_t waiting() const noexcept { return arrivals_.size(); }
    std::size_t in_flight() const noexcept { return in_flight_; }

  private:
    struct arrival {
        orfeas::monotonic_time time;
        std::uint64_t weight;
    };

    /// How many of the `share` oldest fit into a batch.
    std::uint32_t fitting(std::size_t share, batch_limits const& most) const {
        auto const count = std::min<std::size_t>(share, most.requests);
        std::uint32_t taken = 1;
        for (auto left = most.weight; taken < count; ++taken) {
            left -= std::min(left, arrivals_[taken - 1].weight);
            if (arrivals_[taken].weight > left) {
                break;
            }
        }
        return taken;
    }

    std::uint32_t workers_;
    std::chrono::nanoseconds delay_;
    std::deque<arrival> arrivals_; // of those that wait, the oldest first
    std::size_t in_flight_ = 0;
};

} // namespace studio
