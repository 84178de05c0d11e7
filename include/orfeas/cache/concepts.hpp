// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/lookup.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

namespace orfeas::inline v0::cache {

/// What happens in a cache, as its observer and its counters see it.
enum class event : std::uint8_t {
    hit,          ///< a lookup found a live entry
    miss,         ///< a lookup found nothing, or an expired entry
    insertion,    ///< a value was stored under a new or an old key
    refusal,      ///< a value was too large to be stored
    eviction,     ///< a live entry made room for another one
    expiration,   ///< an entry whose time was over was removed
    load,         ///< a loader was started for a key
    load_failure, ///< a loader ended with an exception
    coalesced,    ///< a caller joined a load that another caller had started
    stale_served, ///< a caller got a value whose time is over
};

/// Sees the events of a cache: `observer(what, count)` reports `count` events of one kind. Called from the thread that
/// caused them, after the cache's locks are released, possibly from several threads at once; it must not throw.
template<class O>
concept observer = std::copy_constructible<O> && requires(O& o, event what, std::uint64_t count) {
    { o(what, count) } noexcept;
};

/// Sees nothing and costs nothing.
struct no_observer {
    void operator()(event, std::uint64_t) const noexcept {}
};
static_assert(observer<no_observer>);

/// A cache that a single-flight loader can fill: `find` looks a key up and counts a hit or a miss, `peek` looks without a
/// trace, `begin_fill` and `fill` store what was loaded unless the key was written or invalidated meanwhile, for the
/// cache's own time or for a given one, `record` counts what the loader did. All of them are thread-safe.
template<class C>
concept fillable_cache = requires(C& cache, typename C::key_type key, typename C::mapped_type value,
                                  std::optional<typename C::mapped_type> loaded, std::chrono::nanoseconds ttl,
                                  fill_token token, event what) {
    { cache.find(std::as_const(key)) } -> std::same_as<lookup<typename C::mapped_type>>;
    { cache.peek(std::as_const(key)) } -> std::same_as<std::optional<typename C::mapped_type>>;
    { cache.begin_fill(std::as_const(key)) } -> std::same_as<fill_token>;
    { cache.fill(token, std::move(key), std::move(loaded)) } -> std::same_as<bool>;
    { cache.fill(token, std::move(key), std::move(loaded), ttl) } -> std::same_as<bool>;
    cache.record(what);
};

} // namespace orfeas::inline v0::cache
