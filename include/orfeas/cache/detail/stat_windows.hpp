// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace orfeas::inline v0::cache::detail {

/// What happened in a cache since it was made.
struct cache_totals {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    std::uint64_t loads = 0;

    /// What came since `before`; nothing where those were read later, by another thread.
    cache_totals since(cache_totals const& before) const noexcept {
        auto const less = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; };
        return {less(hits, before.hits), less(misses, before.misses), less(evictions, before.evictions),
                less(loads, before.loads)};
    }
};

/// What happened in the last seconds. Whoever uses the cache first in a second keeps the totals of that moment, so that
/// counting needs no time, and a second in which nothing happens needs no place.
/// Thread-safe.
class stat_windows {
  public:
    static constexpr std::int64_t most_seconds = 300;

    /// Whether a second has begun since the totals were last kept. One relaxed load.
    bool due(monotonic_time now) const noexcept {
        return now.time_since_epoch().count() >= next_.load(std::memory_order_relaxed);
    }

    /// Keeps the totals, which `read()` gives, if nobody else does at this moment.
    template<class Read>
    void keep(monotonic_time now, Read read) {
        std::unique_lock const lock{mutex_, std::try_to_lock};
        if (lock && due(now)) {
            std::int64_t const second = second_of(now);
            (*kept_)[newest_ = (newest_ + 1) % kept_->size()] = {second, read()};
            next_.store(std::chrono::nanoseconds{std::chrono::seconds{second + 1}}.count(), std::memory_order_relaxed);
        }
    }

    /// What happened in the running second and the `seconds` - 1 before it, at most 300 in all.
    cache_totals last(std::int64_t seconds, monotonic_time now, cache_totals const& totals) const {
        std::int64_t const first = second_of(now) - seconds + 1;
        cache_totals before = totals;
        std::lock_guard const lock{mutex_};
        for (std::size_t i = 0; i < kept_->size(); ++i) {
            auto const& each = (*kept_)[(newest_ + kept_->size() - i) % kept_->size()];
            if (each.second < first) {
                break;
            }
            before = each.totals;
        }
        return totals.since(before);
    }

  private:
    struct moment {
        std::int64_t second = INT64_MIN;
        cache_totals totals;
    };
    using moments = std::array<moment, most_seconds>;

    static std::int64_t second_of(monotonic_time now) noexcept {
        return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    }

    std::atomic<std::int64_t> next_{INT64_MIN};
    mutable std::mutex mutex_;
    std::size_t newest_ = 0;
    std::unique_ptr<moments> kept_ = std::make_unique<moments>();
};

} // namespace orfeas::inline v0::cache::detail
