// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace orfeas::inline v0::cache {

/// What a cache knows about a key.
enum class lookup_state : std::uint8_t {
    miss,   ///< nothing
    hit,    ///< a value whose time is not over
    stale,  ///< a value whose time is over, but which may still be served while it is loaded anew, or if that fails
    absent, ///< that the key has no value (negative caching)
};

/// What a lookup found.
template<class Value>
struct lookup {
    lookup_state state = lookup_state::miss;
    std::optional<Value> value{};         ///< of a hit or a stale entry
    bool may_serve_while_loading = false; ///< a stale value that is young enough for stale-while-revalidate
};

/// What `begin_fill` gives and `fill` takes: a value that was loaded is not stored if its key was written or invalidated
/// while it was on the way.
struct fill_token {
    std::uint64_t stamp = 0;
};

} // namespace orfeas::inline v0::cache
