// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/detail/lru_shard.hpp>
#include <orfeas/cache/fwd.hpp>
#include <orfeas/cache/size_hint.hpp>
#include <orfeas/cache/stats.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/unique_function.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

namespace detail {

inline constexpr std::uint64_t mebibyte = 1U << 20U;

} // namespace detail

/// How a `local` cache is set up.
struct local_options {
    std::uint64_t capacity_bytes = 64 * detail::mebibyte;
    std::chrono::milliseconds ttl = std::chrono::seconds{3600};
    std::uint32_t shards = 0;

    static constexpr std::string_view environment_prefix = "ORFEAS_CACHE_";
    static void fields(auto& self, auto&& field) {
        using namespace std::chrono;
        field("capacity_bytes", self.capacity_bytes, at_least(1), "bytes that all entries may take together");
        field("ttl", self.ttl, in_range(milliseconds{1}, milliseconds{hours{24 * 36500}}),
              "how long an entry lives unless it is put with a time of its own");
        field("shards", self.shards, in_range(0, 1024),
              "independently locked parts, rounded up to a power of two; 0 chooses by cores and capacity");
    }
};

/// A bounded map from keys to values in this process: at most `capacity_bytes`, each entry for a limited time, the
/// least recently used ones removed first.
///
/// The entries are spread over shards, each with a mutex, an exact LRU order and an equal share of the capacity; the sum
/// of the charged weights never exceeds the capacity, not even for a moment. An entry larger than a shard's share is
/// refused. With one shard the order is exactly LRU over all entries.
///
/// Values are copied out: store `std::shared_ptr<T const>` for large ones. Keys are compared in full and hashed with a
/// seed of this object's own. Where keys are std::string, lookups take std::string_view and build no string.
///
/// Complexity: expected O(1) for an operation on one key.
/// Thread-safe.
template<class Key, class Value, clock Clock, class Observer>
class local {
    static_assert(observer<Observer>, "the observer takes (event, count) and does not throw");

  public:
    using key_type = Key;
    using mapped_type = Value;
    using lookup_key = detail::lookup_key<Key>; ///< std::string_view for std::string, else Key const&
    using weigher = unique_function<std::size_t(Key const&, Value const&)>;

    /// Charges each entry its key and value by `size_hint`, and what the cache needs to keep it.
    /// Throws option_error for options out of range.
    explicit local(local_options options = {}, Clock clock = Clock{}, Observer observer = Observer{})
        requires(has_size_hint<Key> && has_size_hint<Value>)
        : local{std::move(options), weigher{&weigh_by_hint}, std::move(clock), std::move(observer)} {}

    /// Charges each entry what `weigh(key, value)` says; 1 for each makes `capacity_bytes` a number of entries.
    /// Called once per `put`, outside the locks, possibly from several threads at once.
    /// Throws option_error for options out of range.
    local(local_options options, weigher weigh, Clock clock = Clock{}, Observer observer = Observer{})
        : options_{(validate(options), std::move(options))},
          weigh_{std::move(weigh)},
          clock_{std::move(clock)},
          observer_{std::move(observer)},
          hash_{random_seed()},
          shards_(shard_count(options_)),
          shard_shift_{64U - static_cast<unsigned>(std::countr_zero(shards_.size()))},
          shard_capacity_{static_cast<std::size_t>(options_.capacity_bytes / shards_.size())} {
        ORFEAS_ASSERT(weigh_ != nullptr, "pass a weigher that can be called");
    }

    local(local const&) = delete;
    local& operator=(local const&) = delete;

    /// A copy of the live value of `key`, which becomes the most recently used; counts a hit or a miss.
    [[nodiscard]] std::optional<Value> get(lookup_key key) {
        std::uint64_t const hash = hash_(key);
        detail::shard_outcome outcome;
        std::optional<Value> found = shard_of(hash).get(key, hash, clock_.now(), outcome);
        observe(found ? event::hit : event::miss, 1);
        observe(event::expiration, outcome.expired);
        return found;
    }

    /// A copy of the live value of `key`; its recency and the statistics stay as they are.
    [[nodiscard]] std::optional<Value> peek(lookup_key key) const {
        std::uint64_t const hash = hash_(key);
        return shard_of(hash).peek(key, hash, clock_.now());
    }

    /// Stores a value for the time that the options say, in place of an older value of the key.
    /// False if it was refused because it is larger than a shard's capacity; an older value is gone all the same.
    bool put(Key key, Value value) { return put(std::move(key), std::move(value), options_.ttl); }

    /// Stores a value for a time of its own; refused if that is not positive. `std::chrono::nanoseconds::max()` is for ever.
    bool put(Key key, Value value, std::chrono::nanoseconds ttl) {
        std::uint64_t const hash = hash_(lookup_key{key});
        auto entry = std::make_unique<node>(node{hash, std::move(key), std::move(value)});
        monotonic_time const now = clock_.now();
        entry->weight = weigh_(entry->key, entry->value);
        entry->expires_at = ttl < monotonic_time::max() - now ? now + ttl : monotonic_time::max();
        detail::shard_outcome const outcome = shard_of(hash).put(std::move(entry), shard_capacity_, now);
        observe(outcome.done ? event::insertion : event::refusal, 1);
        observe(event::eviction, outcome.evicted);
        observe(event::expiration, outcome.expired);
        return outcome.done;
    }

    /// Removes the entry of `key`; true if a live one was there.
    bool erase(lookup_key key) {
        std::uint64_t const hash = hash_(key);
        detail::shard_outcome const outcome = shard_of(hash).erase(key, hash, clock_.now());
        observe(event::expiration, outcome.expired);
        return outcome.done;
    }

    /// Removes every entry and gives their number. Linear. The counters go on.
    std::size_t clear() {
        std::size_t count = 0;
        for (auto& shard : shards_) {
            count += shard.remove_all(std::nullopt);
        }
        return count;
    }

    /// Removes the entries whose time is over and gives their number. Linear; each shard is locked for its part.
    /// Without it such an entry goes when it is looked up, replaced, or the oldest when room is needed.
    std::size_t remove_expired() {
        std::size_t count = 0;
        for (auto& shard : shards_) {
            count += shard.remove_all(clock_.now());
        }
        observe(event::expiration, count);
        return count;
    }

    /// How many entries there are, expired ones that are not yet removed included.
    [[nodiscard]] std::size_t size() const {
        std::size_t total = 0;
        for (auto const& shard : shards_) {
            total += shard.size();
        }
        return total;
    }

    [[nodiscard]] local_options const& options() const noexcept { return options_; }

    /// Counters since the cache was made, and its levels now.
    [[nodiscard]] cache_stats stats() const {
        cache_stats total;
        detail::lookup_counts recent;
        for (auto const& shard : shards_) {
            shard.add_to(total, recent, clock_.now());
        }
        std::uint64_t const lookups = recent.hits + recent.misses;
        total.hit_ratio = lookups == 0 ? std::numeric_limits<double>::quiet_NaN()
                                       : static_cast<double>(recent.hits) / static_cast<double>(lookups);
        total.capacity_bytes = options_.capacity_bytes;
        total.loads = loads_.load(std::memory_order_relaxed);
        total.load_failures = load_failures_.load(std::memory_order_relaxed);
        total.coalesced = coalesced_.load(std::memory_order_relaxed);
        return total;
    }

    /// Reports `stats()` under the names `cache_hits_total`, `cache_hit_ratio`, `cache_bytes`, …
    void measure(measurement_sink sink) const { cache::measure(stats(), sink); }

    /// Counts what a loader in front of this cache did: `load`, `load_failure` or `coalesced`.
    void record(event what) {
        ORFEAS_ASSERT(what == event::load || what == event::load_failure || what == event::coalesced,
                      "record only what a loader does; the cache counts the other events itself");
        auto& counter = what == event::load ? loads_ : what == event::coalesced ? coalesced_ : load_failures_;
        counter.fetch_add(1, std::memory_order_relaxed);
        observe(what, 1);
    }

  private:
    using node = detail::lru_node<Key, Value>;

    /// What an entry costs besides the bytes of its key and value: its node, its chain's pointer, the heap's header.
    static constexpr std::size_t overhead_bytes = sizeof(node) - sizeof(Key) - sizeof(Value) + 3 * sizeof(void*);

    static std::size_t weigh_by_hint(Key const& key, Value const& value) {
        return size_in_bytes(key) + size_in_bytes(value) + overhead_bytes;
    }

    /// Four shards per core keep waiting rare; a shard of less than 4 MiB would refuse too many values.
    static std::size_t shard_count(local_options const& options) {
        if (options.shards != 0) {
            return std::bit_ceil(std::size_t{options.shards});
        }
        long const cores = ::sysconf(_SC_NPROCESSORS_ONLN); // -1 when the system does not tell
        std::uint64_t const by_cores = cores > 0 ? std::bit_ceil(4 * static_cast<std::uint64_t>(cores)) : 4;
        std::uint64_t const by_capacity = std::bit_floor(options.capacity_bytes / (4 * detail::mebibyte));
        return static_cast<std::size_t>(
            std::clamp(std::min(by_cores, by_capacity), std::uint64_t{1}, std::uint64_t{64}));
    }

    detail::lru_shard<Key, Value>& shard_of(std::uint64_t hash) const {
        return shards_[shards_.size() == 1 ? 0 : static_cast<std::size_t>(hash >> shard_shift_)];
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
    mutable std::vector<detail::lru_shard<Key, Value>>
        shards_; // a power of two of them, chosen by the hash's high bits
    unsigned shard_shift_;
    std::size_t shard_capacity_;
    std::atomic<std::uint64_t> loads_{0};
    std::atomic<std::uint64_t> load_failures_{0};
    std::atomic<std::uint64_t> coalesced_{0};
};

static_assert(measurable<local<int, int>> && fillable_cache<local<int, int>>);

} // namespace orfeas::inline v0::cache
