// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/ring.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// What one node of a ring has to do: its part of the keys by the ring, and the requests that were sent to it.
struct node_load {
    std::string name{};
    std::uint32_t weight = 1;
    double weight_share = 0; ///< what its weight entitles it to
    double key_share = 0;    ///< what the ring gives it
    std::uint64_t requests = 0;
    std::uint64_t requests_1s = 0;
    std::uint64_t requests_10s = 0;
    std::uint64_t requests_60s = 0;
    std::uint64_t requests_300s = 0;

    static void fields(auto& self, auto&& field) {
        field("name", self.name, unit::none, "Name of the node.");
        field("weight", self.weight, unit::none, "Weight of the node in the ring.");
        field("weight_share", self.weight_share, unit::ratio, "Part of all weights.");
        field("key_share", self.key_share, unit::ratio, "Part of all keys that the ring gives to the node.");
        field("requests", self.requests, unit::none, "Requests sent to the node.");
        field("requests_1s", self.requests_1s, unit::none, "Requests sent in the last second.");
        field("requests_10s", self.requests_10s, unit::none, "Requests sent in the last 10 seconds.");
        field("requests_60s", self.requests_60s, unit::none, "Requests sent in the last minute.");
        field("requests_300s", self.requests_300s, unit::none, "Requests sent in the last 5 minutes.");
    }
};

/// How evenly the nodes are loaded. The two peaks are loads of the busiest node over what its weight entitles it to: 1 is
/// perfect. Keys are balanced by the ring; requests are not, since a hot key has one node, unless the local tier takes the
/// hot keys first.
struct node_distribution {
    std::vector<node_load> nodes{};
    double key_peak = 0;         ///< of the key shares
    double request_peak_60s = 0; ///< of the requests of the last minute; 0 if there was none

    static void fields(auto& self, auto&& field) {
        field("nodes", self.nodes, unit::none, "The nodes in the order of the ring's members.");
        field("key_peak", self.key_peak, unit::ratio, "Largest key share over the share by weight.");
        field("request_peak_60s", self.request_peak_60s, unit::ratio,
              "Largest share of the last minute's requests over the share by weight.");
    }
};

/// Counts requests by node, with the last 300 seconds. Counting is one relaxed addition on the node's own cache line and
/// one relaxed read; the first request of a second also notes the totals.
/// Time is passed in and need not grow from call to call; what is late counts for the present second. Thread-safe.
class request_counter {
  public:
    /// Counts for `nodes` nodes. Memory: 2.5 KB a node; nothing is allocated later.
    explicit request_counter(std::size_t nodes) : totals_(nodes), history_(nodes * history_seconds) {}

    std::size_t size() const noexcept { return totals_.size(); }

    /// Notes that a request is sent to `node`, which is below `size()`.
    void record(std::size_t node, monotonic_time now) noexcept {
        ORFEAS_ASSERT(node < totals_.size(), "the index of a node");
        if (std::int64_t const second = second_of(now); second > second_.load(std::memory_order_relaxed)) {
            begin(second);
        }
        totals_[node].count.fetch_add(1, std::memory_order_relaxed);
    }

    /// Requests sent to `node` so far.
    std::uint64_t total(std::size_t node) const noexcept { return totals_[node].count.load(std::memory_order_relaxed); }

    /// Requests by node in the last `seconds` seconds (1 to 300) and the present one as far as it has gone.
    std::vector<std::uint64_t> last(std::chrono::seconds seconds, monotonic_time now) const {
        ORFEAS_ASSERT(seconds.count() >= 1 && seconds.count() < static_cast<std::int64_t>(history_seconds),
                      "a window of 1 to 300 seconds");
        std::vector<std::uint64_t> counts(totals_.size());
        std::lock_guard const hold{mutex_};
        std::uint64_t const* const before = totals_before(second_of(now) - seconds.count());
        for (std::size_t i = 0; before != nullptr && i < counts.size(); ++i) {
            counts[i] = total(i) - before[i];
        }
        return counts;
    }

  private:
    static constexpr std::size_t history_seconds = 301;

    struct alignas(64) cell { // of its own line, so that nodes do not slow each other down
        std::atomic<std::uint64_t> count{0};
    };

    static std::int64_t second_of(monotonic_time t) noexcept {
        return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
    }

    /// Notes the totals as the first request of `second` comes: what was sent before it.
    void begin(std::int64_t second) noexcept {
        std::lock_guard const hold{mutex_};
        if (second <= second_.load(std::memory_order_relaxed)) {
            return; // another thread was first
        }
        std::size_t const place = noted_++ % history_seconds;
        seconds_[place] = second;
        for (std::size_t i = 0; i < totals_.size(); ++i) {
            history_[place * totals_.size() + i] = total(i);
        }
        second_.store(second, std::memory_order_relaxed);
    }

    /// What was sent before `second`: the oldest note of that second or a later one, since between the two there was no
    /// request. Null if there was none since.
    std::uint64_t const* totals_before(std::int64_t second) const noexcept {
        std::size_t const oldest = noted_ < history_seconds ? 0 : noted_ - history_seconds;
        for (std::size_t i = oldest; i < noted_; ++i) {
            if (seconds_[i % history_seconds] >= second) {
                return &history_[i % history_seconds * totals_.size()];
            }
        }
        return nullptr;
    }

    std::vector<cell> totals_;
    std::atomic<std::int64_t> second_{std::numeric_limits<std::int64_t>::min()};
    mutable std::mutex mutex_; // of what follows
    std::size_t noted_ = 0;
    std::array<std::int64_t, history_seconds> seconds_{};
    std::vector<std::uint64_t> history_; // by note and node
};

/// What the nodes of `r` have to do at the time `now`. `requests` counts by the indices of the ring's members.
/// Complexity: linear in the nodes times the slots or points of the ring; for reports, not for each request.
template<ring R>
node_distribution distribution_of(R const& r, request_counter const& requests, monotonic_time now) {
    using std::chrono::seconds;
    auto const members = r.members();
    ORFEAS_ASSERT(requests.size() == members.size(), "a counter with as many nodes as the ring");
    double weights = 0;
    for (auto const& member : members) {
        weights += member.weight;
    }
    std::array const windows{requests.last(seconds{1}, now), requests.last(seconds{10}, now),
                             requests.last(seconds{60}, now), requests.last(seconds{300}, now)};
    node_distribution result;
    double of_minute = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        result.nodes.push_back({members[i].name, members[i].weight, members[i].weight / weights, r.share(i),
                                requests.total(i), windows[0][i], windows[1][i], windows[2][i], windows[3][i]});
        of_minute += static_cast<double>(windows[2][i]);
    }
    for (auto const& node : result.nodes) {
        result.key_peak = std::max(result.key_peak, node.key_share / node.weight_share);
        if (of_minute > 0) {
            double const share = static_cast<double>(node.requests_60s) / of_minute;
            result.request_peak_60s = std::max(result.request_peak_60s, share / node.weight_share);
        }
    }
    return result;
}

} // namespace orfeas::inline v0::cache
