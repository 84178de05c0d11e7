// SPDX-License-Identifier: MIT
#pragma once

#include "cache/zipf.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// A cache of numbers in a race. Each function goes through many keys, so that to call it costs nothing.
struct contestant {
    std::string name;
    std::function<std::size_t(key_list const&)> get;        ///< says how many hit
    std::function<std::size_t(key_list const&)> get_or_put; ///< stores what is missing, and says how many hit
    std::function<std::size_t(std::size_t)> fill; ///< stores the keys of the first ranks; says how many are held
};

/// Steps of it go through all ranks, so that popular keys do not lie side by side in memory, as they do not in a cache that
/// has been in use for long.
inline constexpr std::size_t some_prime = 7919;

/// Makes a contestant that holds so many entries.
struct contestant_maker {
    std::string name;
    std::function<contestant(std::size_t capacity)> make;
    bool evicts = true;
};

/// `Cache` has `get(key)` that gives an optional number, `put(key, value)` and `size()`.
template<class Cache>
contestant enter(std::string name, std::shared_ptr<Cache> cache) {
    contestant made;
    made.name = std::move(name);
    made.get = [cache](key_list const& keys) {
        std::size_t hits = 0;
        for (auto const key : keys) {
            std::optional<std::uint64_t> const found = cache->get(key);
            hits += found && *found == key ? 1U : 0U;
        }
        return hits;
    };
    made.get_or_put = [cache](key_list const& keys) {
        std::size_t hits = 0;
        for (auto const key : keys) {
            std::optional<std::uint64_t> const found = cache->get(key);
            if (found) {
                hits += *found == key ? 1U : 0U;
            } else {
                cache->put(key, key);
            }
        }
        return hits;
    };
    made.fill = [cache](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            auto const key = key_of_rank(i * some_prime % count);
            cache->put(key, key);
        }
        return cache->size();
    };
    return made;
}

inline constexpr char const* hyper_clock = "RocksDB HyperClockCache";
inline constexpr char const* tbb_hash_map = "oneTBB concurrent_hash_map";

/// The peers that were found when the benches were built: RocksDB's caches, oneTBB's.
std::vector<contestant_maker> installed_peers();

} // namespace bench
