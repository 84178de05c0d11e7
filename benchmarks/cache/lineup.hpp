// SPDX-License-Identifier: MIT
#pragma once

#include "cache/contestant.hpp"
#include "cache/list_lru.hpp"

#include <orfeas/cache/local.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace bench {

/// Eight shards, as many as the options choose for 64 MiB on two cores. Each entry weighs 1, so that all in the race hold
/// equally many.
using number_cache = orfeas::cache::local<std::uint64_t, std::uint64_t>;

inline std::shared_ptr<number_cache> make_number_cache(std::size_t capacity) {
    orfeas::cache::local_options options;
    options.capacity_bytes = capacity;
    options.shards = 8;
    return std::make_shared<number_cache>(std::move(options),
                                          [](std::uint64_t const&, std::uint64_t const&) { return std::size_t{1}; });
}

template<class... T>
using std_map = std::unordered_map<T...>;
template<class... T>
using boost_map = boost::unordered_flat_map<T...>;

inline constexpr char const* std_lru = "std LRU+mutex";
inline constexpr char const* boost_lru = "boost flat LRU+mutex";

/// Ours first.
inline std::vector<contestant_maker> lineup() {
    std::vector<contestant_maker> all;
    all.push_back({"orfeas", [](std::size_t capacity) { return enter("orfeas", make_number_cache(capacity)); }});
    all.push_back(
        {std_lru, [](std::size_t capacity) { return enter(std_lru, std::make_shared<list_lru<std_map>>(capacity)); }});
    all.push_back({boost_lru, [](std::size_t capacity) {
                       return enter(boost_lru, std::make_shared<list_lru<boost_map>>(capacity));
                   }});
    for (auto& each : installed_peers()) {
        all.push_back(std::move(each));
    }
    return all;
}

} // namespace bench
