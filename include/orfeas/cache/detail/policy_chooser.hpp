// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/shadow_cache.hpp>
#include <orfeas/cache/detail/two_queues.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>

namespace orfeas::inline v0::cache::detail {

/// Finds out which admission suits what a cache is asked for: small caches of hashes, one for each admission, see a
/// sample of the keys, and the one that has hit most lately wins.
///
/// The sample is of keys, not of accesses, so that each of the small caches sees all that happens to the keys that it is
/// about (spatial sampling; Waldspurger et al., "Cache modeling and optimization using miniature simulations", 2017).
/// Thread-safe.
class policy_chooser {
  public:
    /// The admission that is best at present.
    admission best() const noexcept { return best_.load(std::memory_order_relaxed); }

    /// Whether the accesses to a key are to be told.
    bool samples(std::uint64_t hash) const noexcept {
        return (hash >> 16U & mask_.load(std::memory_order_relaxed)) == 0;
    }

    /// A sampled key was looked up. Dropped when another thread tells one at the same moment.
    void access(std::uint64_t hash) {
        std::unique_lock const lock{mutex_, std::try_to_lock};
        if (!lock || shadows_ == nullptr) {
            return;
        }
        for (std::size_t i = 0; i < ways.size(); ++i) {
            (*shadows_)[i].access(hash);
        }
        if (++accesses_ >= period_) {
            judge();
        }
    }

    /// A shard that is full holds `now` entries; `before`, when it last told, or 0. Sets the rate of the sample when the sum
    /// over the shards has changed much. Without memory for a new sample, the choice stays what it is.
    void fit(std::uint64_t before, std::uint64_t now) noexcept {
        auto const entries = entries_.fetch_add(now - before, std::memory_order_relaxed) + now - before;
        if (entries >= low_.load(std::memory_order_relaxed) && entries < high_.load(std::memory_order_relaxed)) {
            return;
        }
        try {
            resample(entries);
        } catch (std::bad_alloc const&) { // asked for again soon
        }
    }

  private:
    static constexpr std::array ways{admission::s3_fifo, admission::tiny_lfu, admission::clock};
    static constexpr std::uint64_t smallest_shadow = 1024;
    static constexpr double memory = 0.9;      // of the scores, from one period to the next
    static constexpr double hysteresis = 0.01; // by which another way must be better

    using shadows = std::array<shadow_cache, ways.size()>;

    void resample(std::uint64_t entries) {
        std::lock_guard const lock{mutex_};
        auto const rate = std::bit_floor(entries / smallest_shadow);
        auto const size = static_cast<std::uint32_t>(rate == 0 ? entries : entries / rate);
        shadows_ = std::make_unique<shadows>(
            shadows{shadow_cache{size, ways[0]}, shadow_cache{size, ways[1]}, shadow_cache{size, ways[2]}});
        period_ = size;
        accesses_ = 0;
        scores_ = {};
        seen_ = 0;
        mask_.store(rate == 0 ? 0 : rate - 1, std::memory_order_relaxed);
        low_.store(entries * 3 / 4, std::memory_order_relaxed);
        high_.store(entries * 3 / 2 + 16, std::memory_order_relaxed);
    }

    /// A period is over: the way that hit most lately wins, if it is better by enough.
    void judge() noexcept {
        std::size_t best = 0;
        std::size_t current = 0;
        for (std::size_t i = 0; i < ways.size(); ++i) {
            scores_[i] = memory * scores_[i] + static_cast<double>((*shadows_)[i].take_hits());
            best = scores_[i] > scores_[best] ? i : best;
            current = ways[i] == best_.load(std::memory_order_relaxed) ? i : current;
        }
        seen_ = memory * seen_ + static_cast<double>(accesses_);
        accesses_ = 0;
        if (scores_[best] - scores_[current] > hysteresis * seen_) {
            best_.store(ways[best], std::memory_order_relaxed);
        }
    }

    std::atomic<admission> best_{admission::s3_fifo};
    std::atomic<std::uint64_t> mask_{~std::uint64_t{0}};
    std::atomic<std::uint64_t> entries_{0};
    std::atomic<std::uint64_t> low_{1};
    std::atomic<std::uint64_t> high_{0};
    std::mutex mutex_;
    std::unique_ptr<shadows> shadows_;
    std::uint64_t period_ = 0;
    std::uint64_t accesses_ = 0;
    std::array<double, ways.size()> scores_{};
    double seen_ = 0;
};

} // namespace orfeas::inline v0::cache::detail
