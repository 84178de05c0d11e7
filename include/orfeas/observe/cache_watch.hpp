// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/invalidation_report.hpp>
#include <orfeas/cache/redis/breaker.hpp>
#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/stats.hpp>
#include <orfeas/cache/tiered_stats.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/observe/components.hpp>
#include <orfeas/observe/detail/named_entries.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// A component that tells what it did as a cache, of one tier (`cache::local`) or of two (`cache::tiered`). Callable from
/// any thread.
template<class C>
concept reports_cache = requires(C const& c) {
    requires std::same_as<std::remove_cvref_t<decltype(c.stats())>, cache::cache_stats>;
} || requires(C const& c) { requires std::same_as<std::remove_cvref_t<decltype(c.stats())>, cache::tiered_stats>; };

/// A cache under watch: what it did since it was made, what it holds, and how its servers are. A cache without a remote
/// tier has `stats.has_l2 == false`, no nodes, and zeros for what belongs to that tier.
struct cache_report {
    std::string name;
    bool can_clear = false; ///< whether the watch may clear it
    cache::tiered_stats stats{};
};

/// The figures of a cache of one tier in the form of those of two.
inline cache::tiered_stats in_tiers(cache::cache_stats const& local) {
    cache::tiered_stats all;
    all.l1_hits = local.hits;
    all.misses = local.misses;
    auto const lookups = static_cast<double>(local.hits + local.misses);
    all.hit_ratio = lookups == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(local.hits) / lookups;
    all.loads = local.loads;
    all.load_failures = local.load_failures;
    all.coalesced = local.coalesced;
    all.stale_served = local.stale_served;
    all.l1 = local;
    return all;
}
inline cache::tiered_stats in_tiers(cache::tiered_stats stats) {
    return stats;
}

/// Why a server of a cache is not asked at present; empty when it is, or is a replica that the cache has no need of.
inline std::string_view trouble_of(cache::redis::node_report const& node) {
    using cache::redis::breaker_state;
    if (node.connection.breaker != breaker_state::closed) {
        return node.connection.breaker == breaker_state::open ? "breaker open" : "breaker half open";
    }
    return node.is_primary && !node.connection.connected ? "not connected" : std::string_view{};
}

/// How a cache is. It works without its servers, so it is operational, and the detail names those that are away.
inline component_status status_of(cache::tiered_stats const& stats) {
    if (!stats.has_l2) {
        return {true, "in this process"};
    }
    std::string away;
    std::size_t in_trouble = 0;
    std::size_t primaries = 0;
    for (auto const& node : stats.nodes) {
        primaries += node.is_primary ? 1U : 0U;
        if (auto const trouble = trouble_of(node); !trouble.empty()) {
            ++in_trouble;
            away.append(away.empty() ? "" : ", ").append(node.name).append(" (").append(trouble).append(")");
        }
    }
    if (primaries == 0) {
        return {true, "works in this process alone: no primary server is known"};
    }
    if (in_trouble > 0) {
        return {true, "works without " + away};
    }
    return {true, "connected to " + std::to_string(primaries) + (primaries == 1 ? " server" : " servers")};
}

/// What became of a wish to clear a cache.
enum class clearing_outcome : std::uint8_t {
    begun,       ///< or done already; who asked is told
    unknown,     ///< no cache of this name is watched
    not_offered, ///< it was put under watch as something that is not changed
    no_patterns, ///< its keys are no text that a pattern could match
};

/// Takes what a clearing removed, or why it failed. Called once, on any thread, not under the lock of a watch.
using cache_cleared = unique_function<void(std::exception_ptr, cache::invalidation_report)>;

/// How a cache is cleared of the entries whose keys match a pattern, or of all if that is empty.
struct cache_clearing {
    /// Gives what was removed if that is known at once; else moves the callback away, which is called later.
    using start = unique_function<std::optional<cache::invalidation_report>(std::string pattern, cache_cleared& done)>;

    start begin{}; ///< empty: the cache is not cleared
    bool takes_patterns = false;
};

/// The caches under watch. Knows of each what it did, and can clear those that were given with a way to do so: see
/// `clearing_of` in <orfeas/observe/cache_clearing.hpp>.
/// Thread-safe.
class cache_watch {
  public:
    /// Watches `component`, which outlives its watch. Throws option_error when the name is empty or taken.
    template<reports_cache C>
    void add(std::string name, C const& component, cache_clearing how = {}) {
        std::scoped_lock const lock{mutex_};
        entries_.insert({std::move(name), [&component] { return in_tiers(component.stats()); }, std::move(how)});
    }

    /// Ends the watch of `name`; false if there is none. On return no call into the component is under way; a clearing that
    /// waits for servers may be.
    bool remove(std::string_view name) {
        std::scoped_lock const lock{mutex_};
        return entries_.remove(name);
    }

    /// The names of the caches, in the order of watching.
    std::vector<std::string> names() const {
        std::scoped_lock const lock{mutex_};
        return entries_.names();
    }

    /// What a cache did and holds; empty when none of this name is watched.
    std::optional<cache_report> report(std::string_view name) const {
        std::scoped_lock const lock{mutex_};
        auto const* const found = entries_.find(name);
        if (found == nullptr) {
            return std::nullopt;
        }
        return cache_report{found->name, found->how.begin != nullptr, found->stats()};
    }

    /// Begins to remove the entries of a cache whose keys match the pattern (`*`, `?`, `[abc]`, `[^a-z]`, `\` as in Redis),
    /// or all if it is empty; `done` is called when that is over, and only if it has begun. The cache outlives that.
    clearing_outcome clear(std::string_view name, std::string pattern, cache_cleared done) {
        std::optional<cache::invalidation_report> at_once;
        {
            std::scoped_lock const lock{mutex_};
            auto const* const found = entries_.find(name);
            if (found == nullptr) {
                return clearing_outcome::unknown;
            }
            auto const& how = found->how;
            if (how.begin == nullptr) {
                return clearing_outcome::not_offered;
            }
            if (!pattern.empty() && !how.takes_patterns) {
                return clearing_outcome::no_patterns;
            }
            at_once = how.begin(std::move(pattern), done);
        }
        if (at_once) {
            done(nullptr, *at_once);
        }
        return clearing_outcome::begun;
    }

  private:
    struct entry {
        std::string name;
        unique_function<cache::tiered_stats()> stats;
        cache_clearing how;
    };

    mutable std::mutex mutex_;
    detail::named_entries<entry> entries_;
};

} // namespace orfeas::inline v0::observe
