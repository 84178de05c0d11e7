// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/entry_marks.hpp>
#include <orfeas/cache/detail/lookup_key.hpp>
#include <orfeas/cache/detail/reader_cells.hpp>
#include <orfeas/cache/detail/reserved_array.hpp>
#include <orfeas/cache/detail/slot_index.hpp>
#include <orfeas/cache/stats.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// What one operation on a shard did, for the observer.
struct shard_outcome {
    bool done = false;    ///< stored, or erased
    bool refused = false; ///< too large, or already over
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
};

/// How large a shard is, and how long its entries are kept after their time.
struct shard_limits {
    std::uint64_t capacity = 0;    ///< the sum of its entries' weights
    std::uint32_t entries = 0;     ///< the most that it holds
    std::uint64_t stale_units = 0; ///< in units of short_time
};

/// What a reader learned about a key.
enum class found : std::uint8_t {
    nothing,
    entry,
    unknown, ///< writers were in the way: look again, or under the mutex
};

/// One part of a cache: entries that are found through an index, and a policy that says which of them leaves. One writer
/// at a time, under the mutex; readers take no lock. Nodes are allocated before and destroyed after the mutex is held.
/// Thread-safe.
template<class Store, class Policy, class Key, class Hash>
class alignas(64) shard {
  public:
    using pending = typename Store::pending;
    using view = typename Store::view;
    using removed = typename Store::removed;

    shard(shard_limits const& limits, Hash hash, typename Policy::shared& shared, reader_cells const& readers)
        : index_{limits.entries},
          entries_{limits.entries},
          hash_{hash},
          limits_{limits},
          readers_{&readers},
          policy_{limits.capacity, shared},
          weights_{limits.entries} {}

    ~shard() {
        removed gone;
        for (entry_id id = 0; id < entries_.size(); ++id) {
            Store::clear(entries_[id], gone);
        }
    }

    /// An entry that a reader found. A view of a node is valid as long as the reader's cell is pinned, or the mutex held.
    struct sighting {
        view seen;
        entry_marks* marks = nullptr;
        std::uint64_t deadline = 0;
    };

    /// A key will be looked up at once: fetches the first bucket where it may be.
    void expect(std::uint64_t hash) const noexcept { __builtin_prefetch(&index_[index_.begin(hash)]); }

    /// Goes through the buckets where the key may be, once, without a lock. `cell` is the reader's, and pinned. Inlined, so
    /// that what is found stays in registers.
    [[gnu::always_inline]] found look(lookup_key<Key> key, std::uint64_t hash, reader_cell& cell,
                                      sighting& result) const {
        auto const generation = index_.generation();
        auto const tag = slot_index::tag_of(hash);
        auto at = index_.begin(hash);
        for (auto const first = at.at;;) {
            index_bucket const& bucket = index_[at];
            auto const version = bucket.version.load(std::memory_order_acquire);
            for (auto bits = bucket.matches(tag); bits != 0; bits &= bits - 1) {
                auto const slot = static_cast<unsigned>(std::countr_zero(bits));
                auto const id = bucket.ids[slot].load(std::memory_order_acquire);
                if (version % 2 != 0 || id == no_entry) [[unlikely]] {
                    return found::unknown;
                }
                entry& there = entries_[id];
                auto const term = there.marks.read();
                view const seen = Store::look(there, term.absent, &cell);
                if (bucket.version.load(std::memory_order_relaxed) != version || !seen) [[unlikely]] {
                    return found::unknown;
                }
                if (seen.key() == key) [[likely]] {
                    result = {seen, &there.marks, term.deadline};
                    return found::entry;
                }
            }
            at.advance();
            // In a small index every bucket may have entries of another one.
            if (bucket.overflow.load(std::memory_order_acquire) == 0 || at.at == first) [[likely]] {
                bool const whole = generation % 2 == 0 && index_.generation() == generation;
                return whole ? found::nothing : found::unknown;
            }
        }
    }

    /// Looks again and again, while writers are in the way; in the end it stays unknown.
    [[gnu::noinline]] found look_again(lookup_key<Key> key, std::uint64_t hash, reader_cell& cell,
                                       sighting& result) const {
        auto seen = found::unknown;
        for (unsigned tried = 0; tried < most_tries && seen == found::unknown; ++tried) {
            seen = look(key, hash, cell, result);
        }
        return seen;
    }

    /// The same under the mutex, for as long as `use(sighting)` runs. `counts`: a hit moves the entry, if the policy wants
    /// that.
    template<class Use>
    void look_locked(lookup_key<Key> key, std::uint64_t hash, std::uint64_t now, bool counts, Use&& use) {
        std::lock_guard const hold{mutex_};
        auto const at = find(key, hash);
        if (!at) {
            return;
        }
        entry& seen = entries_[at.id()];
        if constexpr (Policy::locks_each_hit) {
            if (counts && is_live(seen, now)) {
                order_table table{*this};
                policy_.promote(table, at.id());
            }
        }
        auto const term = seen.marks.read();
        use(sighting{Store::look(seen, term.absent, nullptr), &seen.marks, term.deadline});
    }

    /// A reader hit an entry that is to move in the policy's list. Left out when a writer is at work.
    void promote(entry_marks const& marks) {
        std::unique_lock const lock{mutex_, std::try_to_lock};
        if (!lock || marks.queue.load(std::memory_order_relaxed) == 0) {
            return;
        }
        order_table table{*this};
        policy_.promote(table, id_of(marks));
    }

    /// Stores an entry in place of one of the same key, after removing those that it leaves no room for. An entry that is
    /// larger than the shard, or already over, is not stored, and the old one goes all the same. With a stamp, an entry
    /// whose key was written or invalidated since the stamp was taken is not stored, and the old one stays. A write makes
    /// older stamps void; what is only a copy of what stands elsewhere does not.
    shard_outcome put(pending added, std::uint64_t hash, std::uint32_t weight, std::uint64_t deadline,
                      std::uint64_t now, std::optional<std::uint64_t> stamp = {}, bool is_write = true) {
        shard_outcome outcome;
        writing work{*this};
        if (stamp && *stamp != stamp_of(hash)) {
            return outcome;
        }
        if (is_write) {
            ++stamps_[stamp_slot(hash)];
        }
        policy_.expect(hash);
        reap(now, outcome, work.gone);
        auto const at = find(Store::key_of(added), hash);
        if (weight > limits_.capacity || deadline <= now) {
            if (at) {
                remove(at.id(), work.gone);
            }
            ++counts_.refusals;
            outcome.refused = true;
        } else {
            if (at) {
                replace(at, std::move(added), weight, deadline, now, outcome, work.gone);
            } else {
                insert(std::move(added), hash, weight, deadline, now, outcome, work.gone);
            }
            ++counts_.insertions;
            outcome.done = true;
        }
        return outcome;
    }

    /// Removes the entry of `key`; done if a live one was there.
    shard_outcome erase(lookup_key<Key> key, std::uint64_t hash, std::uint64_t now) {
        shard_outcome outcome;
        writing work{*this};
        ++stamps_[stamp_slot(hash)];
        if (auto const at = find(key, hash)) {
            outcome.done = is_live(entries_[at.id()], now);
            outcome.expired = outcome.done ? 0 : 1;
            counts_.expirations += outcome.expired;
            remove(at.id(), work.gone);
        }
        return outcome;
    }

    /// Removes the entry of `key` if its time is over. Left out, as all that can wait, when a writer is at work.
    std::uint64_t remove_expired(lookup_key<Key> key, std::uint64_t hash, std::uint64_t now) {
        writing work{*this, std::try_to_lock};
        if (!work) {
            return 0;
        }
        auto const at = find(key, hash);
        if (!at || is_live(entries_[at.id()], now)) {
            return 0;
        }
        remove(at.id(), work.gone);
        ++counts_.expirations;
        return 1;
    }

    /// Removes every entry for which `is_meant(key)`, and says how many; `slice` entries for each time that the mutex is
    /// taken. Readers and writers go on meanwhile. What is put during the call may stay.
    template<class IsMeant>
    std::size_t invalidate_if(IsMeant is_meant, std::size_t slice) {
        {
            std::lock_guard const hold{mutex_};
            ++invalidations_;
        }
        return remove_if([&](entry const& each) { return is_meant(Store::key(each)); }, slice);
    }

    /// Removes the entries whose time is over, and says how many.
    std::size_t remove_all_expired(std::uint64_t now, std::size_t slice) {
        auto const is_over = [&](entry const& each) {
            bool const over = !is_live(each, now);
            counts_.expirations += over ? 1U : 0U;
            return over;
        };
        return remove_if(is_over, slice);
    }

    /// Puts the keys whose values are live at `now` into `keys`, of `slice` entries beginning with the entry `from`. False
    /// if no entries come after these.
    bool live_keys(std::size_t from, std::size_t slice, std::uint64_t now, std::vector<Key>& keys) const {
        keys.clear();
        keys.reserve(slice);
        std::lock_guard const hold{mutex_};
        std::size_t const end = from + slice < entries_.size() ? from + slice : entries_.size();
        for (std::size_t id = from; id < end; ++id) {
            auto const term = entries_[id].marks.read();
            if (is_taken(entries_[id]) && term.deadline > now && !term.absent) {
                keys.push_back(Store::key(entries_[id]));
            }
        }
        return end != entries_.size();
    }

    /// What a later `put` compares, to find out whether the key was written or invalidated meanwhile.
    std::uint64_t stamp(std::uint64_t hash) const {
        std::lock_guard const hold{mutex_};
        return stamp_of(hash);
    }

    /// Adds this shard's counters and levels to `total`.
    void add_to(cache_stats& total, std::uint64_t& charged) const {
        std::lock_guard const hold{mutex_};
        total.insertions += counts_.insertions;
        total.refusals += counts_.refusals;
        total.evictions += counts_.evictions;
        total.expirations += counts_.expirations;
        total.entries += size_;
        charged += charged_;
    }

    std::size_t size() const {
        std::lock_guard const hold{mutex_};
        return size_;
    }

  private:
    using entry = typename Store::entry;

    /// A writer at work: holds the mutex. At the end, be it by an exception, what was removed is destroyed, outside of the
    /// mutex; what a reader looks at waits for a later writer.
    class writing {
      public:
        explicit writing(shard& self) : self_{self}, lock_{self.mutex_} {}
        writing(shard& self, std::try_to_lock_t how) : self_{self}, lock_{self.mutex_, how} {}
        writing(writing const&) = delete;
        writing& operator=(writing const&) = delete;
        ~writing() {
            if (lock_) {
                gone.bury(self_.waiting_, *self_.readers_);
            }
        }
        explicit operator bool() const noexcept { return lock_.owns_lock(); }

        removed gone{}; // destroyed last

      private:
        shard& self_;
        std::unique_lock<std::mutex> lock_;
    };

    static constexpr unsigned most_tries = 16;
    static constexpr std::size_t stamp_slots = 64;
    static constexpr unsigned reaped_a_put = 2;

    /// What the policy sees of the entries.
    struct order_table {
        shard& self;
        entry_link& link(entry_id id) const noexcept { return self.entries_[id].link; }
        entry_marks& marks(entry_id id) const noexcept { return self.entries_[id].marks; }
        std::uint32_t weight(entry_id id) const noexcept { return self.weight(id); }
        std::uint64_t hash(entry_id id) const noexcept { return Store::hash(self.entries_[id], self.hash_); }
    };

    slot_index::position find(lookup_key<Key> key, std::uint64_t hash) const {
        return index_.find(hash, [&](entry_id id) { return Store::look(entries_[id], false, nullptr).key() == key; });
    }

    static bool is_taken(entry const& at) noexcept { return at.marks.queue.load(std::memory_order_relaxed) != 0; }

    /// Whether the entry may still be served, be it stale.
    bool is_live(entry const& at, std::uint64_t now) const noexcept {
        auto const term = at.marks.read();
        return term.deadline + (term.absent ? 0 : limits_.stale_units) > now;
    }

    /// Removes the entries for which `is_meant(entry)`, and says how many.
    template<class IsMeant>
    std::size_t remove_if(IsMeant is_meant, std::size_t slice) {
        std::size_t count = 0;
        for (std::size_t from = 0;; from += slice) {
            writing work{*this};
            std::size_t const end = from + slice < entries_.size() ? from + slice : entries_.size();
            for (std::size_t id = from; id < end; ++id) {
                if (is_taken(entries_[id]) && is_meant(std::as_const(entries_[id]))) {
                    remove(static_cast<entry_id>(id), work.gone);
                    ++count;
                }
            }
            if (end == entries_.size()) {
                return count;
            }
        }
    }

    entry_id id_of(entry_marks const& marks) const noexcept {
        auto const* const first = reinterpret_cast<std::byte const*>(&entries_[0].marks);
        auto const* const here = reinterpret_cast<std::byte const*>(&marks);
        return static_cast<entry_id>(static_cast<std::size_t>(here - first) / sizeof(entry));
    }

    static std::size_t stamp_slot(std::uint64_t hash) noexcept { return (hash >> 48U) % stamp_slots; }
    std::uint64_t stamp_of(std::uint64_t hash) const noexcept {
        return stamps_[stamp_slot(hash)] + (invalidations_ << 32U);
    }

    std::uint32_t weight(entry_id id) const noexcept { return weights_.size() == 0 ? equal_weight_ : weights_[id]; }

    void set_weight(entry_id id, std::uint32_t weight) {
        if (weights_.size() == 0) {
            if (size_ == 0) {
                equal_weight_ = weight;
            }
            if (equal_weight_ == weight) {
                return; // most caches never need the array
            }
        }
        std::size_t const before = weights_.size();
        weights_.grow(entries_.size());
        for (std::size_t i = before; before == 0 && i < weights_.size(); ++i) {
            weights_[i] = equal_weight_;
        }
        weights_[id] = weight;
    }

    void insert(pending added, std::uint64_t hash, std::uint32_t weight, std::uint64_t deadline, std::uint64_t now,
                shard_outcome& outcome, removed& gone) {
        while (charged_ + weight > limits_.capacity || size_ == limits_.entries) {
            evict(now, outcome, gone);
        }
        if (index_.full(size_)) {
            index_.grow([this](auto add) {
                for (entry_id id = 0; id < entries_.size(); ++id) {
                    if (is_taken(entries_[id])) {
                        add(Store::hash(entries_[id], hash_), id);
                    }
                }
            });
        }
        entry_id const id = free_id();
        set_weight(id, weight);
        take_id(id);
        entry& place = entries_[id];
        Store::publish(place, std::move(added), gone); // no bucket names it yet
        place.marks.set_deadline(deadline);
        order_table table{*this};
        policy_.insert(table, id);
        index_.insert(hash, id);
        ++size_;
        charged_ += weight;
    }

    void replace(slot_index::position const& at, pending added, std::uint32_t weight, std::uint64_t deadline,
                 std::uint64_t now, shard_outcome& outcome, removed& gone) {
        entry_id const id = at.id();
        std::uint32_t const before = this->weight(id);
        order_table table{*this};
        if (before != weight) {
            set_weight(id, weight);
            policy_.reweigh(table, id, before, weight);
            charged_ += std::uint64_t{weight} - before;
        }
        {
            bucket_change const changing{*at.bucket};
            Store::publish(entries_[id], std::move(added), gone);
            entries_[id].marks.set_deadline(deadline);
        }
        policy_.renew(table, id);
        while (charged_ > limits_.capacity) {
            evict(now, outcome, gone);
        }
    }

    void evict(std::uint64_t now, shard_outcome& outcome, removed& gone) {
        order_table table{*this};
        entry_id const victim = policy_.victim(table);
        bool const live = is_live(entries_[victim], now);
        ++(live ? outcome.evicted : outcome.expired);
        ++(live ? counts_.evictions : counts_.expirations);
        drop(victim, gone);
    }

    void remove(entry_id id, removed& gone) noexcept {
        order_table table{*this};
        policy_.erase(table, id);
        drop(id, gone);
    }

    /// Takes an entry that the policy does not know any more out of the index.
    void drop(entry_id id, removed& gone) noexcept {
        entry& left = entries_[id];
        auto const hash = Store::hash(left, hash_);
        index_.erase(hash, index_.find(hash, [&](entry_id each) { return each == id; }));
        Store::clear(left, gone);
        left.marks.queue.store(0, std::memory_order_relaxed);
        charged_ -= weight(id);
        --size_;
        left.link.older = std::exchange(first_free_, id);
    }

    /// A place for one more entry, which `take_id` takes. Throws std::bad_alloc.
    entry_id free_id() {
        if (first_free_ != no_entry) {
            return first_free_;
        }
        std::size_t const count = entries_.size() + 1;
        if (weights_.size() != 0) {
            weights_.grow(count);
        }
        entries_.grow(count);
        return first_free_ = static_cast<entry_id>(count - 1);
    }
    void take_id(entry_id id) noexcept { first_free_ = entries_[id].link.older; }

    /// Looks at a few entries, one after the other from put to put, and removes those whose time is over: what nobody asks
    /// for again does not stay until it is evicted.
    void reap(std::uint64_t now, shard_outcome& outcome, removed& gone) {
        for (unsigned i = 0; i < reaped_a_put && size_ != 0; ++i) {
            reaped_ = reaped_ + 1 < entries_.size() ? reaped_ + 1 : 0;
            if (is_taken(entries_[reaped_]) && !is_live(entries_[reaped_], now)) {
                remove(reaped_, gone);
                ++outcome.expired;
                ++counts_.expirations;
            }
        }
    }

    // Read by all, written when the shard grows.
    slot_index index_;
    reserved_array<entry> entries_;
    Hash hash_;
    shard_limits limits_;
    reader_cells const* readers_;

    alignas(64) mutable std::mutex mutex_;
    Policy policy_;
    reserved_array<std::uint32_t> weights_; // empty as long as all weigh the same
    std::uint32_t equal_weight_ = 0;
    entry_id first_free_ = no_entry;
    entry_id reaped_ = 0;
    std::size_t size_ = 0;
    std::uint64_t charged_ = 0;
    std::uint64_t invalidations_ = 0; // of all keys at once
    std::array<std::uint32_t, stamp_slots> stamps_{};
    cache_stats counts_; // the counters only
    removed waiting_;    // a reader looks at each of them
};

} // namespace orfeas::inline v0::cache::detail
