// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/detail/fixed_array.hpp>
#include <orfeas/cache/detail/glob.hpp>
#include <orfeas/cache/detail/inline_store.hpp>
#include <orfeas/cache/detail/lookup_key.hpp>
#include <orfeas/cache/detail/node_store.hpp>
#include <orfeas/cache/detail/reader_cells.hpp>
#include <orfeas/cache/detail/shard.hpp>
#include <orfeas/cache/detail/stat_windows.hpp>
#include <orfeas/cache/fwd.hpp>
#include <orfeas/cache/local_options.hpp>
#include <orfeas/cache/lookup.hpp>
#include <orfeas/cache/policies.hpp>
#include <orfeas/cache/size_hint.hpp>
#include <orfeas/cache/stats.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/unique_function.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// A bounded map from keys to values in this process: at most `capacity_bytes`, each entry for a limited time; `Policy`
/// (`adaptive` unless named: also `s3_fifo`, `lru`, `strict_lru`, `fifo`) says which entries leave first.
///
/// Readers take no lock, and a hit on an entry that is often used writes to no memory that another thread uses. The
/// entries are spread over shards, each with a mutex for its writers and an equal share of the capacity; the sum of the
/// charged weights never exceeds the capacity, not even for a moment. An entry larger than a shard's share is refused.
///
/// Values are copied out, or shown to `visit`. Small trivially copyable keys and values lie in the table itself; others on
/// the heap, where `std::shared_ptr<T const>` is right for large ones. Keys are compared in full and hashed with a seed of
/// this object's own. Where keys are std::string, lookups take std::string_view and build no string.
///
/// Complexity: expected O(1) for an operation on one key.
/// Thread-safe.
template<class Key, class Value, class Policy, clock Clock, class Observer>
class local {
    static_assert(observer<Observer>, "the observer takes (event, count) and does not throw");
    static_assert(eviction_policy<Policy>, "the policy is adaptive, s3_fifo, lru, strict_lru or fifo");

    using inlined = detail::inline_store<Key, Value>;
    using store = std::conditional_t<inlined::fits, inlined, detail::node_store<Key, Value>>;
    using shard = detail::shard<store, Policy, Key, hasher<Key>>;

  public:
    using key_type = Key;
    using mapped_type = Value;
    using lookup_key = detail::lookup_key<Key>; ///< std::string_view for std::string, else Key const&
    using weigher = unique_function<std::size_t(Key const&, Value const&)>;

    /// Charges each entry its key and value by `size_hint`, and what the cache needs to keep it.
    /// Throws option_error for options out of range.
    explicit local(local_options options = {}, Clock clock = Clock{}, Observer observer = Observer{})
        requires(has_size_hint<Key> && has_size_hint<Value>)
        : local{std::move(options), weigher{&weigh_by_hint}, least_weight, std::move(clock), std::move(observer)} {}

    /// Charges each entry what `weigh(key, value)` says; 1 for each makes `capacity_bytes` a number of entries. A known
    /// absence is charged in bytes, what its key takes and what the cache needs to keep it.
    /// Called once per `put`, outside the locks, possibly from several threads at once.
    /// Throws option_error for options out of range.
    local(local_options options, weigher weigh, Clock clock = Clock{}, Observer observer = Observer{})
        : local{std::move(options), std::move(weigh), 0, std::move(clock), std::move(observer)} {}

    local(local const&) = delete;
    local& operator=(local const&) = delete;

    /// A copy of the live value of `key`; counts a hit or a miss. A stale value is a miss here: see `find`.
    [[nodiscard]] std::optional<Value> get(lookup_key key) {
        std::optional<Value> result;
        visit(key, [&](Value const& value) { result.emplace(value); });
        return result;
    }

    /// Calls `use(value)` with the live value of `key`, without a copy of a value on the heap; false if there is none.
    /// Counts a hit or a miss. The value stays valid during the call only; `use` may use this cache.
    template<std::invocable<Value const&> Use>
    bool visit(lookup_key key, Use&& use) {
        return ask(key, [&](Value const* value, lookup_state state, bool) {
                   if (state == lookup_state::hit) {
                       use(*value);
                   }
               }) == lookup_state::hit;
    }

    /// What the cache knows about `key`, stale values and known absences included; counts a hit for a value that is not
    /// stale and for a known absence, else a miss.
    [[nodiscard]] lookup<Value> find(lookup_key key) {
        lookup<Value> result;
        result.state = ask(key, [&](Value const* value, lookup_state, bool young) {
            result.value.emplace(*value);
            result.may_serve_while_loading = young;
        });
        return result;
    }

    /// A copy of the live value of `key`; its rank and the statistics stay as they are.
    [[nodiscard]] std::optional<Value> peek(lookup_key key) const {
        auto const now = clock_.now();
        auto const hash = hash_(key);
        auto found = copy_of(key, hash, now, readers_.mine(), false);
        bool const live = found && found->deadline > detail::short_time::of(now);
        return live ? std::move(found->value) : std::nullopt;
    }

    /// Stores a value for the time that the options say, in place of an older value of the key.
    /// False if it was refused because it is larger than a shard's capacity; an older value is gone all the same.
    bool put(Key key, Value value) { return put(std::move(key), std::move(value), options_.ttl); }

    /// Stores a value for a time of its own, less the jitter; refused if that is not positive.
    /// `std::chrono::nanoseconds::max()` is for ever.
    bool put(Key key, Value value, std::chrono::nanoseconds ttl) {
        return store_entry(std::move(key), std::optional<Value>{std::move(value)}, ttl, std::nullopt, true);
    }

    /// Remembers that `key` has no value, for the options' time or one of its own: `find` says so, `get` misses.
    bool put_absent(Key key) { return put_absent(std::move(key), options_.negative_ttl); }
    bool put_absent(Key key, std::chrono::nanoseconds ttl) {
        return store_entry(std::move(key), std::nullopt, ttl, std::nullopt, true);
    }

    /// Before a value of `key` is loaded from elsewhere: what `fill` needs.
    [[nodiscard]] fill_token begin_fill(lookup_key key) const {
        auto const hash = hash_(key);
        return {shard_of(hash).stamp(hash)};
    }

    /// Stores a loaded value (empty: that there is none), unless the key was put, erased or invalidated since the token
    /// was taken: what was loaded may be older than that. For a time of its own, or that of the options. False if it was
    /// not stored.
    bool fill(fill_token token, Key key, std::optional<Value> value) {
        auto const ttl = value ? options_.ttl : options_.negative_ttl;
        return fill(token, std::move(key), std::move(value), ttl);
    }
    bool fill(fill_token token, Key key, std::optional<Value> value, std::chrono::nanoseconds ttl) {
        return store_entry(std::move(key), std::move(value), ttl, token.stamp, false);
    }

    /// Stores a value like `put`, unless the key was put, erased or invalidated since the token was taken. For one that has
    /// been written elsewhere in the meantime: what is being loaded at this moment is older, and is not stored. False if
    /// it was not stored.
    bool put_if_unchanged(fill_token token, Key key, Value value, std::chrono::nanoseconds ttl) {
        return store_entry(std::move(key), std::optional<Value>{std::move(value)}, ttl, token.stamp, true);
    }

    /// Removes the entry of `key`; true if there was one that could still be served, be it stale.
    bool erase(lookup_key key) {
        std::uint64_t const hash = hash_(key);
        auto const outcome = shard_of(hash).erase(key, hash, detail::short_time::of(clock_.now()));
        observe(event::expiration, outcome.expired);
        return outcome.done;
    }

    /// Removes every entry and gives their number. Linear. The counters go on.
    std::size_t clear() {
        return invalidate_if([](auto const&) { return true; });
    }

    /// Removes the entries for whose keys `is_meant(key)`, and gives their number. Linear, in slices: readers and writers
    /// go on meanwhile. A value that is being loaded at this moment is not stored. `is_meant` runs under a shard's mutex: it
    /// must not use this cache.
    template<std::predicate<Key const&> IsMeant>
    std::size_t invalidate_if(IsMeant is_meant) {
        std::size_t count = 0;
        for (shard& each : shards_) {
            count += each.invalidate_if(is_meant, slice);
        }
        return count;
    }

    /// Removes the entries whose keys begin with `prefix`. See `invalidate_if`.
    std::size_t invalidate_prefix(std::string_view prefix)
        requires std::convertible_to<Key const&, std::string_view>
    {
        return invalidate_if([&](Key const& key) { return std::string_view{key}.substr(0, prefix.size()) == prefix; });
    }

    /// Removes the entries whose keys match the pattern: `*`, `?`, `[abc]`, `[^a-z]` and `\` as in Redis. See
    /// `invalidate_if`.
    std::size_t invalidate_pattern(std::string_view pattern)
        requires std::convertible_to<Key const&, std::string_view>
    {
        return invalidate_if([&](Key const& key) { return detail::glob_matches(pattern, key); });
    }

    /// Removes the entries whose time is over, stale ones that may still be served excepted, and gives their number.
    /// Linear, in slices. Without it such an entry goes when it is looked up or replaced, when room is needed, or when one
    /// of the next `put`s comes across it.
    std::size_t remove_expired() {
        std::size_t count = 0;
        for (shard& each : shards_) {
            count += each.remove_all_expired(detail::short_time::of(clock_.now()), slice);
        }
        observe(event::expiration, count);
        return count;
    }

    /// Calls `visit(key, value, time_left)` for every live value, not for stale ones and known absences, and gives their
    /// number. `time_left` is `std::chrono::nanoseconds::max()` for what lives for ever. No hit is counted, and no entry's
    /// rank changes.
    ///
    /// Linear. A shard's mutex is held while the keys of a slice are copied; `visit` gets a copy of the value and is called
    /// outside of the locks, so that it may use this cache and take its time, and readers and writers go on. It may throw,
    /// which ends the walk. A value that stays during the whole call is visited once, the newest if it is replaced; one that
    /// comes or goes meanwhile may be left out, or visited again when it comes back.
    template<std::invocable<Key const&, Value const&, std::chrono::nanoseconds> Visit>
    std::size_t for_each(Visit visit) const {
        std::size_t count = 0;
        std::vector<Key> keys;
        for (shard const& each : shards_) {
            bool more = true;
            for (std::size_t from = 0; more; from += slice) {
                more = each.live_keys(from, slice, detail::short_time::of(clock_.now()), keys);
                for (Key const& key : keys) {
                    count += show_live(key, visit) ? 1U : 0U;
                }
            }
        }
        return count;
    }

    /// How many entries there are, expired ones that are not yet removed included.
    [[nodiscard]] std::size_t size() const {
        std::size_t total = 0;
        for (shard const& each : shards_) {
            total += each.size();
        }
        return total;
    }

    [[nodiscard]] local_options const& options() const noexcept { return options_; }

    /// Counters since the cache was made, its levels now, and what happened in the last 1, 10, 60 and 300 seconds.
    [[nodiscard]] cache_stats stats() const {
        cache_stats total;
        std::uint64_t charged = 0;
        for (shard const& each : shards_) {
            each.add_to(total, charged);
        }
        total.bytes = charged * weight_unit_;
        total.capacity_bytes = options_.capacity_bytes;
        total.hits = readers_.hits() + hits_.load(std::memory_order_relaxed);
        total.misses = readers_.misses() + misses_.load(std::memory_order_relaxed);
        total.loads = loads_.load(std::memory_order_relaxed);
        total.load_failures = load_failures_.load(std::memory_order_relaxed);
        total.coalesced = coalesced_.load(std::memory_order_relaxed);
        total.stale_served = stale_served_.load(std::memory_order_relaxed);
        auto const now = clock_.now();
        detail::cache_totals const totals{total.hits, total.misses, total.evictions, total.loads};
        for (cache_window& each : total.windows) {
            each.fill_from(windows_.last(each.seconds, now, totals));
        }
        total.hit_ratio = total.windows[2].hit_ratio;
        return total;
    }

    /// Reports `stats()` under the names `cache_hits_total`, `cache_hit_ratio`, `cache_bytes`, …
    void measure(measurement_sink sink) const { cache::measure(stats(), sink); }

    /// Counts what a loader in front of this cache did: `load`, `load_failure`, `coalesced` or `stale_served`.
    void record(event what) {
        counter_of(what).fetch_add(1, std::memory_order_relaxed);
        observe(what, 1);
    }

  private:
    /// What an entry costs besides the bytes of its key and value: links, a part of the index, of the policy's memory.
    static constexpr std::size_t overhead_bytes = [] {
        std::size_t const beside = sizeof(typename store::entry) + 24;
        if constexpr (inlined::fits) {
            return beside - sizeof(Key) - sizeof(Value);
        } else {
            return beside + sizeof(typename store::node) - sizeof(Key) - sizeof(Value) + 2 * sizeof(void*);
        }
    }();
    static constexpr std::uint64_t least_weight = sizeof(Key) + sizeof(Value) + overhead_bytes;
    static constexpr std::uint64_t most_weight = std::uint64_t{1} << 31U; // what a shard's weights may sum up to
    static constexpr std::size_t slice = 512;                             // entries a mutex is held for

    local(local_options options, weigher weigh, std::uint64_t least, Clock clock, Observer observer)
        : options_{(validate(options), std::move(options))},
          weigh_{std::move(weigh)},
          clock_{std::move(clock)},
          observer_{std::move(observer)},
          hash_{random_seed()},
          policy_{options_.shard_count()},
          weight_unit_{(options_.capacity_bytes - 1) / most_weight + 1},
          shards_{options_.shard_count(), limits(least), hash_, policy_, readers_},
          shard_shift_{32U - static_cast<unsigned>(std::countr_zero(shards_.size()))} {
        ORFEAS_ASSERT(weigh_ != nullptr, "pass a weigher that can be called");
    }

    static std::size_t weigh_by_hint(Key const& key, Value const& value) {
        return size_in_bytes(key) + size_in_bytes(value) + overhead_bytes;
    }

    static std::uint64_t weight_of_absence(Key const& key) {
        if constexpr (has_size_hint<Key>) {
            return sizeof(Value) + size_in_bytes(key) + overhead_bytes;
        } else {
            return least_weight;
        }
    }

    detail::shard_limits limits(std::uint64_t least) const {
        detail::shard_limits found;
        found.capacity = options_.capacity_bytes / options_.shard_count() / weight_unit_;
        std::uint64_t const entries =
            least != 0 ? found.capacity * weight_unit_ / least + 1 : std::max(found.capacity, std::uint64_t{1} << 16U);
        found.entries = static_cast<std::uint32_t>(std::min(entries, std::uint64_t{1} << 26U));
        found.stale_units = stale_units_;
        return found;
    }

    static std::uint64_t units_of(std::chrono::nanoseconds duration) noexcept {
        return static_cast<std::uint64_t>(duration.count()) >> detail::short_time::unit_shift;
    }

    shard& shard_of(std::uint64_t hash) const noexcept {
        return shards_[static_cast<std::size_t>(hash >> 32U >> shard_shift_)];
    }

    using sighting = typename shard::sighting;

    /// What a lookup found, copied: who uses it may use this cache.
    struct copied {
        std::optional<Value> value;
        detail::entry_marks* marks;
        std::uint64_t deadline;
    };

    /// Whether a thread may look without a lock: not inside of a visit, whose node its cell holds.
    static bool may_read(detail::reader_cell const* cell) noexcept {
        return !Policy::locks_each_hit && cell != nullptr && !cell->in_use();
    }

    /// A lookup that counts: calls `use(value, state, whether it may be served while it is loaded)` for a value whose time
    /// is not over, or that is stale.
    template<class Use>
    [[gnu::always_inline]] lookup_state ask(lookup_key key, Use const& use) {
        std::uint64_t const hash = hash_(key);
        shard const& part = shard_of(hash);
        part.expect(hash); // while the clock is read
        monotonic_time const now = clock_.now();
        if (windows_.due(now)) [[unlikely]] {
            keep_totals(now);
        }
        auto* const cell = readers_.mine();
        if (may_read(cell)) [[likely]] {
            detail::pinned<store> const pin{cell};
            sighting seen;
            auto const status = part.look(key, hash, *cell, seen);
            if (status == detail::found::entry) [[likely]] {
                return seen.seen.show([&](Value const* value) {
                    return judge(key, hash, now, cell, value, *seen.marks, seen.deadline, use);
                });
            }
            if (status == detail::found::nothing) {
                return miss(hash, cell);
            }
        }
        return ask_again(key, hash, now, cell, use);
    }

    /// The same when writers were in the way, or under the shard's mutex.
    template<class Use>
    [[gnu::noinline]] lookup_state ask_again(lookup_key key, std::uint64_t hash, monotonic_time now,
                                             detail::reader_cell* cell, Use const& use) {
        auto const found = copy_of(key, hash, now, cell, true);
        if (!found) {
            return miss(hash, cell);
        }
        return judge(key, hash, now, cell, found->value ? &*found->value : nullptr, *found->marks, found->deadline,
                     use);
    }

    std::optional<copied> copy_of(lookup_key key, std::uint64_t hash, monotonic_time now, detail::reader_cell* cell,
                                  bool counts) const {
        std::optional<copied> result;
        auto const copy = [&](sighting const& seen) {
            seen.seen.show([&](Value const* value) {
                result.emplace(
                    copied{value == nullptr ? std::nullopt : std::optional<Value>{*value}, seen.marks, seen.deadline});
            });
        };
        if (may_read(cell)) {
            detail::pinned<store> const pin{cell};
            sighting seen;
            auto const status = shard_of(hash).look_again(key, hash, *cell, seen);
            if (status == detail::found::entry) {
                copy(seen);
            }
            if (status != detail::found::unknown) {
                return result;
            }
        }
        shard_of(hash).look_locked(key, hash, detail::short_time::of(now), counts, copy);
        return result;
    }

    template<class Visit>
    bool show_live(Key const& key, Visit& visit) const {
        auto const now = clock_.now();
        auto const found = copy_of(key, hash_(lookup_key{key}), now, readers_.mine(), false);
        if (!found || !found->value || found->deadline <= detail::short_time::of(now)) {
            return false;
        }
        visit(key, *found->value, detail::short_time::until(found->deadline, now));
        return true;
    }

    /// Counts a lookup that found an entry, which may be over.
    template<class Use>
    [[gnu::always_inline]] lookup_state judge(lookup_key key, std::uint64_t hash, monotonic_time now,
                                              detail::reader_cell* cell, Value const* value, detail::entry_marks& marks,
                                              std::uint64_t deadline, Use const& use) {
        std::uint64_t const units = detail::short_time::of(now);
        if (deadline <= units) [[unlikely]] {
            bool const stale = value != nullptr && deadline + stale_units_ > units;
            count(false, cell);
            if (!stale) {
                forget(key, hash, units);
                return lookup_state::miss;
            }
            use(value, lookup_state::stale, deadline + revalidate_units_ > units);
            return lookup_state::stale;
        }
        count(true, cell);
        if (auto const effect = Policy::hit(marks); effect != detail::hit_effect::none) [[unlikely]] {
            learn(hash, effect, marks);
        }
        if (value == nullptr) {
            return lookup_state::absent;
        }
        use(value, lookup_state::hit, false);
        return lookup_state::hit;
    }

    /// Counts a lookup that found nothing.
    [[gnu::noinline]] lookup_state miss(std::uint64_t hash, detail::reader_cell* cell) {
        count(false, cell);
        if (policy_.samples(hash)) {
            policy_.access(hash);
        }
        return lookup_state::miss;
    }

    [[gnu::noinline]] void keep_totals(monotonic_time now) {
        windows_.keep(now, [this] { return totals(); });
    }

    /// What a policy learns from a hit, besides what the entry's marks say.
    [[gnu::noinline]] void learn(std::uint64_t hash, detail::hit_effect effect, detail::entry_marks& marks) {
        if (effect == detail::hit_effect::promote) {
            if constexpr (!Policy::locks_each_hit) {
                shard_of(hash).promote(marks);
            }
        } else if (policy_.samples(hash)) {
            policy_.access(hash);
        }
    }

    /// An entry's time is over.
    [[gnu::noinline]] void forget(lookup_key key, std::uint64_t hash, std::uint64_t now) {
        observe(event::expiration, shard_of(hash).remove_expired(key, hash, now));
    }

    void count(bool hit, detail::reader_cell* cell) {
        if (cell != nullptr) [[likely]] {
            detail::reader_cell::increment(hit ? cell->hits : cell->misses);
        } else {
            (hit ? hits_ : misses_).fetch_add(1, std::memory_order_relaxed);
        }
        observe(hit ? event::hit : event::miss, 1);
    }

    detail::cache_totals totals() const {
        cache_stats now;
        std::uint64_t charged = 0;
        for (shard const& each : shards_) {
            each.add_to(now, charged);
        }
        return {readers_.hits() + hits_.load(std::memory_order_relaxed),
                readers_.misses() + misses_.load(std::memory_order_relaxed), now.evictions,
                loads_.load(std::memory_order_relaxed)};
    }

    bool store_entry(Key key, std::optional<Value> value, std::chrono::nanoseconds ttl,
                     std::optional<std::uint64_t> stamp, bool is_write) {
        std::uint64_t const hash = hash_(lookup_key{key});
        auto added = store::prepare(hash, std::move(key), std::move(value));
        monotonic_time const now = clock_.now();
        if (windows_.due(now)) {
            keep_totals(now);
        }
        auto const* const stored = store::value_of(added);
        std::uint64_t const weight =
            stored != nullptr ? weigh_(store::key_of(added), *stored) : weight_of_absence(store::key_of(added));
        auto const outcome = shard_of(hash).put(std::move(added), hash, charge(weight), deadline(ttl, now, hash),
                                                detail::short_time::of(now), stamp, is_write);
        observe(event::insertion, outcome.done ? 1 : 0);
        observe(event::refusal, outcome.refused ? 1 : 0);
        observe(event::eviction, outcome.evicted);
        observe(event::expiration, outcome.expired);
        return outcome.done;
    }

    std::uint32_t charge(std::uint64_t weight) const noexcept {
        std::uint64_t const units = weight / weight_unit_ + (weight % weight_unit_ != 0 ? 1 : 0);
        return static_cast<std::uint32_t>(std::min(units, std::uint64_t{std::numeric_limits<std::uint32_t>::max()}));
    }

    /// When an entry's time is over: sooner for some than for others, so that what was stored together is not loaded anew
    /// together.
    std::uint64_t deadline(std::chrono::nanoseconds ttl, monotonic_time now, std::uint64_t hash) const noexcept {
        if (ttl >= monotonic_time::max() - now) {
            return detail::short_time::never;
        }
        if (ttl <= std::chrono::nanoseconds{0}) {
            return 0;
        }
        auto const random = mix64(hash ^ static_cast<std::uint64_t>(now.time_since_epoch().count()));
        auto const part = options_.ttl_jitter * static_cast<double>(random >> 11U) * 0x1p-53;
        auto const lives =
            ttl - std::chrono::nanoseconds{static_cast<std::int64_t>(static_cast<double>(ttl.count()) * part)};
        return std::max(detail::short_time::of(now + lives), detail::short_time::of(now) + 1);
    }

    std::atomic<std::uint64_t>& counter_of(event what) {
        switch (what) {
        case event::load:
            return loads_;
        case event::load_failure:
            return load_failures_;
        case event::coalesced:
            return coalesced_;
        case event::stale_served:
            return stale_served_;
        default:
            ORFEAS_ASSERT(false, "record only what a loader does; the cache counts the other events itself");
            return loads_;
        }
    }

    void observe(event what, std::uint64_t count) {
        if (count != 0) {
            observer_(what, count);
        }
    }

    local_options options_;
    weigher weigh_;
    [[no_unique_address]] Clock clock_;
    [[no_unique_address]] Observer observer_;
    hasher<Key> hash_;
    mutable typename Policy::shared policy_;
    mutable detail::reader_cells readers_;
    std::uint64_t
        weight_unit_; // a shard sums weights of 32 bits up; what is larger is counted in such units, rounded up
    std::uint64_t stale_units_ = units_of(std::max(options_.stale_while_revalidate, options_.stale_if_error));
    std::uint64_t revalidate_units_ = units_of(options_.stale_while_revalidate);
    detail::fixed_array<shard> shards_; // a power of two of them, chosen by the hash's high bits
    unsigned shard_shift_;
    detail::stat_windows windows_;
    std::atomic<std::uint64_t> hits_{0};   // of threads without a cell
    std::atomic<std::uint64_t> misses_{0}; // of threads without a cell
    std::atomic<std::uint64_t> loads_{0};
    std::atomic<std::uint64_t> load_failures_{0};
    std::atomic<std::uint64_t> coalesced_{0};
    std::atomic<std::uint64_t> stale_served_{0};
};

static_assert(measurable<local<int, int>> && fillable_cache<local<int, int>>);

} // namespace orfeas::inline v0::cache
