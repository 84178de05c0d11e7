// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/lookup_window.hpp>
#include <orfeas/cache/detail/lru_index.hpp>
#include <orfeas/cache/stats.hpp>
#include <orfeas/core/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// What one operation on a shard did, for the observer.
struct shard_outcome {
    bool done = false; ///< stored, or erased
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
};

/// One part of a cache: an LRU index with a byte bound of its own, behind a mutex. Values are weighed, allocated and
/// destroyed by the callers outside the mutex; only the copy of a value that was found is made inside.
/// Thread-safe.
template<class Key, class Value>
class alignas(64) lru_shard { // one shard's mutex and counters share no cache line with another's
  public:
    using node = lru_node<Key, Value>;
    using removed_nodes = lru_removed<Key, Value>;

    /// Copies out the live value of `key` and makes it the newest; counts a hit or a miss.
    std::optional<Value> get(lookup_key<Key> key, std::uint64_t hash, monotonic_time now, shard_outcome& outcome) {
        removed_nodes removed;
        std::lock_guard const hold{mutex_};
        node* found = index_.find(key, hash);
        if (found != nullptr && found->expires_at <= now) {
            remove(*found, removed);
            found = nullptr;
            ++counts_.expirations;
            ++outcome.expired;
        }
        window_.record(now, found != nullptr);
        if (found == nullptr) {
            ++counts_.misses;
            return std::nullopt;
        }
        ++counts_.hits;
        index_.promote(*found);
        return found->value;
    }

    /// Copies out the live value of `key`; changes and counts nothing.
    std::optional<Value> peek(lookup_key<Key> key, std::uint64_t hash, monotonic_time now) const {
        std::lock_guard const hold{mutex_};
        node const* found = index_.find(key, hash);
        if (found == nullptr || found->expires_at <= now) {
            return std::nullopt;
        }
        return found->value;
    }

    /// Stores `added` in place of an entry of the same key, after removing the oldest entries that it leaves no room
    /// for. An entry that is larger than the shard, or already over, is not stored, and the old one goes all the same.
    shard_outcome put(std::unique_ptr<node> added, std::size_t capacity, monotonic_time now) {
        shard_outcome outcome;
        removed_nodes removed;
        std::lock_guard const hold{mutex_};
        index_.reserve_one();
        if (node* old = index_.find(added->key, added->hash); old != nullptr) {
            remove(*old, removed);
        }
        if (added->weight > capacity || added->expires_at <= now) {
            ++counts_.refusals;
            removed.push(std::move(added));
            return outcome;
        }
        while (bytes_ > capacity - added->weight) {
            node& victim = *index_.oldest();
            ++(victim.expires_at <= now ? outcome.expired : outcome.evicted);
            remove(victim, removed);
        }
        counts_.evictions += outcome.evicted;
        counts_.expirations += outcome.expired;
        ++counts_.insertions;
        bytes_ += added->weight;
        index_.insert(std::move(added));
        outcome.done = true;
        return outcome;
    }

    /// Removes the entry of `key`; done if a live one was there.
    shard_outcome erase(lookup_key<Key> key, std::uint64_t hash, monotonic_time now) {
        shard_outcome outcome;
        removed_nodes removed;
        std::lock_guard const hold{mutex_};
        if (node* found = index_.find(key, hash); found != nullptr) {
            outcome.done = found->expires_at > now;
            outcome.expired = outcome.done ? 0 : 1;
            counts_.expirations += outcome.expired;
            remove(*found, removed);
        }
        return outcome;
    }

    /// Removes the entries whose time is over, or all of them; gives their number.
    std::size_t remove_all(std::optional<monotonic_time> only_expired_at) {
        removed_nodes removed;
        std::lock_guard const hold{mutex_};
        std::size_t const before = index_.size();
        for (node* each = index_.oldest(); each != nullptr;) {
            node& candidate = *std::exchange(each, each->newer);
            if (!only_expired_at || candidate.expires_at <= *only_expired_at) {
                remove(candidate, removed);
            }
        }
        std::size_t const count = before - index_.size();
        counts_.expirations += only_expired_at ? count : 0;
        return count;
    }

    /// Adds this shard's counters and levels to `total`, and its recent lookups to `recent`.
    void add_to(cache_stats& total, lookup_counts& recent, monotonic_time now) const {
        std::lock_guard const hold{mutex_};
        total.hits += counts_.hits;
        total.misses += counts_.misses;
        total.insertions += counts_.insertions;
        total.refusals += counts_.refusals;
        total.evictions += counts_.evictions;
        total.expirations += counts_.expirations;
        total.entries += index_.size();
        total.bytes += bytes_;
        lookup_counts const window = window_.sum(now);
        recent.hits += window.hits;
        recent.misses += window.misses;
    }

    std::size_t size() const {
        std::lock_guard const hold{mutex_};
        return index_.size();
    }

  private:
    void remove(node& entry, removed_nodes& removed) noexcept {
        bytes_ -= entry.weight;
        removed.push(index_.remove(entry));
    }

    mutable std::mutex mutex_;
    lru_index<Key, Value> index_;
    std::size_t bytes_ = 0;
    cache_stats counts_; // the counters only
    lookup_window window_;
};

} // namespace orfeas::inline v0::cache::detail
