// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// Writes that a server did not take, to be repeated when it is back: the last one of each key, in the order in which the
/// keys came, within a bound beyond which the oldest are given up.
/// Thread-safe.
class pending_writes {
  public:
    struct write {
        std::string key;
        std::string bytes;
        monotonic_time deadline; ///< from which on it is of no use
        std::uint64_t number = 0;
        bool is_under_way = false;
    };

    explicit pending_writes(std::uint64_t most_bytes) : most_bytes_{most_bytes} {}

    /// Whether there is none; without a lock, for those who would look one up.
    bool empty() const noexcept { return size_.load(std::memory_order_acquire) == 0; }

    /// Keeps a write, in place of an older one of its key.
    void add(std::string key, std::string bytes, monotonic_time deadline) {
        std::scoped_lock const hold{mutex_};
        put(std::move(key), std::move(bytes), deadline);
        while (bytes_ > most_bytes_ && !writes_.empty()) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            remove(writes_.begin());
        }
    }

    /// Before a newer write of the key is tried: an older one that waits must not be repeated after it. Says under which
    /// number the newer one is kept now, 0 if nothing waited.
    std::uint64_t supersede(std::string_view key, std::string_view bytes, monotonic_time deadline) {
        if (empty()) {
            return 0;
        }
        std::scoped_lock const hold{mutex_};
        if (by_key_.find(key) == by_key_.end()) {
            return 0;
        }
        return put(std::string{key}, std::string{bytes}, deadline);
    }

    /// What waits to be written under the key.
    std::optional<std::string> find(std::string_view key, monotonic_time now) const {
        if (empty()) {
            return std::nullopt;
        }
        std::scoped_lock const hold{mutex_};
        auto const found = by_key_.find(key);
        bool const is_live = found != by_key_.end() && found->second->deadline > now;
        return is_live ? std::optional{found->second->bytes} : std::nullopt;
    }

    /// The oldest write, to be repeated now; `finish` follows.
    std::optional<write> begin(monotonic_time now) {
        std::scoped_lock const hold{mutex_};
        while (!writes_.empty() && writes_.front().deadline <= now) {
            remove(writes_.begin());
        }
        if (writes_.empty()) {
            return std::nullopt;
        }
        writes_.front().is_under_way = true;
        return writes_.front();
    }

    /// The write that `begin` gave was taken or not. One that a newer write superseded meanwhile is followed by that.
    void finish(write const& done, bool taken) {
        std::scoped_lock const hold{mutex_};
        auto const found = by_key_.find(done.key);
        if (found == by_key_.end()) {
            return;
        }
        found->second->is_under_way = false;
        if (taken && found->second->number == done.number) {
            remove(found->second);
        }
    }

    /// The server took the write with this number, of `supersede`, at once. It stays if an older one is under way, which
    /// may come after it.
    void settle(std::string_view key, std::uint64_t number) {
        std::scoped_lock const hold{mutex_};
        auto const found = by_key_.find(key);
        if (found != by_key_.end() && found->second->number == number && !found->second->is_under_way) {
            remove(found->second);
        }
    }

    /// Gives up the writes of the keys for which `is_meant(key)`.
    template<class IsMeant>
    void remove_if(IsMeant is_meant) {
        std::scoped_lock const hold{mutex_};
        for (auto at = writes_.begin(); at != writes_.end();) {
            auto const next = std::next(at);
            if (is_meant(std::string_view{at->key})) {
                remove(at);
            }
            at = next;
        }
    }

    std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }

    /// Given up for want of room.
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  private:
    using position = std::list<write>::iterator;

    static std::uint64_t cost(write const& each) noexcept {
        return each.key.size() + each.bytes.size() + sizeof(write);
    }

    std::uint64_t put(std::string key, std::string bytes, monotonic_time deadline) {
        auto const number = ++last_number_;
        if (auto const found = by_key_.find(key); found != by_key_.end()) {
            auto& kept = *found->second;
            bytes_ -= cost(kept);
            kept.bytes = std::move(bytes);
            kept.deadline = deadline;
            kept.number = number;
            bytes_ += cost(kept);
            return number;
        }
        writes_.push_back({std::move(key), std::move(bytes), deadline, number, false});
        by_key_.emplace(writes_.back().key, std::prev(writes_.end()));
        bytes_ += cost(writes_.back());
        size_.store(writes_.size(), std::memory_order_release);
        return number;
    }

    void remove(position at) {
        bytes_ -= cost(*at);
        by_key_.erase(at->key);
        writes_.erase(at);
        size_.store(writes_.size(), std::memory_order_release);
    }

    std::uint64_t const most_bytes_;
    mutable std::mutex mutex_;
    std::list<write> writes_;
    std::unordered_map<std::string_view, position> by_key_; // the keys are those of the list
    std::uint64_t bytes_ = 0;
    std::uint64_t last_number_ = 0;
    std::atomic<std::size_t> size_{0};
    std::atomic<std::uint64_t> dropped_{0};
};

} // namespace orfeas::inline v0::cache::detail
