// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/local.hpp>
#include <orfeas/cache/lookup.hpp>
#include <orfeas/cache/tiers/origin.hpp>
#include <orfeas/cache/tiers/tag_table.hpp>
#include <orfeas/cache/tiers/tier_entry.hpp>
#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// The tier in this process: a local cache whose entries count only while their server watches over them and their tags
/// have not moved on. What is out of date stays until it is replaced or makes room: to remove it would look like an
/// invalidation to the load that is about to replace it.
/// Thread-safe.
template<class Key, class Value, class Policy, clock Clock>
class near_tier {
  public:
    using key_type = Key;
    using entry = tier_entry<Value>;
    using mapped_type = entry;
    using store = local<Key, entry, Policy, Clock>;
    using lookup_key = typename store::lookup_key;

    near_tier(local_options const& options, typename store::weigher weigh, std::chrono::nanoseconds most_ttl,
              node_epochs const& epochs, tag_table const& tags, Clock clock)
        : store_{options, std::move(weigh), std::move(clock)}, most_ttl_{most_ttl}, epochs_{epochs}, tags_{tags} {}

    lookup<entry> find(lookup_key key) {
        auto found = store_.find(key);
        if (found.value && !is_current(*found.value)) {
            outdated_.fetch_add(found.state == lookup_state::hit ? 1 : 0, std::memory_order_relaxed);
            found = {};
        }
        return found;
    }

    /// The value of a load that has just ended. An absence is none: not all who ask can do with it.
    std::optional<entry> peek(lookup_key key) const {
        auto found = store_.peek(key);
        return found && found->value && is_current(*found) ? std::move(found) : std::nullopt;
    }

    fill_token begin_fill(lookup_key key) const { return store_.begin_fill(key); }

    /// Stores what was read or loaded for as long as it says; false if the key was invalidated meanwhile, or it is not to be
    /// kept.
    bool fill(fill_token token, Key key, std::optional<entry> loaded) {
        return loaded->is_far ? fill_read(token, std::move(key), std::move(*loaded))
                              : fill_written(token, std::move(key), std::move(*loaded));
    }

    /// Stores a copy of what stands on a server.
    bool fill_read(fill_token token, Key key, entry read) {
        auto const ttl = std::min(read.time_left, most_ttl_);
        read.is_far = false;
        return may_keep(read) && store_.fill(token, std::move(key), std::move(read), ttl);
    }

    /// Stores what this process has just written to a server, which tells others of it and not us: whatever is being read
    /// at this moment may be older.
    bool fill_written(fill_token token, Key key, entry written) {
        auto const ttl = std::min(written.time_left, most_ttl_);
        return may_keep(written) && store_.put_if_unchanged(token, std::move(key), std::move(written), ttl);
    }

    /// The same for a writer who knows that nothing else has happened to the key.
    bool put(Key key, entry written) {
        auto const ttl = std::min(written.time_left, most_ttl_);
        return may_keep(written) && store_.put(std::move(key), std::move(written), ttl);
    }

    bool fill(fill_token token, Key key, std::optional<entry> loaded, std::chrono::nanoseconds) {
        return fill(token, std::move(key), std::move(loaded)); // the entry knows better
    }

    /// What a loader in front of this tier did. A load of this tier is often a read of the next one, and counted there.
    void record(event what) {
        if (what == event::coalesced || what == event::stale_served) {
            store_.record(what);
        }
    }

    store& local_cache() noexcept { return store_; }
    store const& local_cache() const noexcept { return store_; }

    /// Lookups that found an entry which was out of date. The local cache counts them as hits.
    std::uint64_t outdated() const noexcept { return outdated_.load(std::memory_order_relaxed); }

    /// Whether an entry may be served.
    bool is_current(entry const& held) const {
        return epochs_.is_current(held.from) && (held.tags == nullptr || tags_.are_current(*held.tags));
    }

  private:
    bool may_keep(entry const& made) const { return made.time_left > std::chrono::nanoseconds{0} && is_current(made); }

    store store_;
    std::chrono::nanoseconds most_ttl_;
    node_epochs const& epochs_;
    tag_table const& tags_;
    std::atomic<std::uint64_t> outdated_{0};
};

} // namespace orfeas::inline v0::cache::detail
