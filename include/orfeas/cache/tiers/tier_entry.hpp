// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/envelope.hpp>
#include <orfeas/cache/size_hint.hpp>
#include <orfeas/cache/tiers/origin.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace orfeas::inline v0::cache {

namespace detail {

/// The tags of an entry with their generations when it was made; null for none. Shared, since entries are copied out.
using tag_stamps = std::shared_ptr<std::vector<tag_stamp> const>;

/// What a local tier holds for a key: its value, or that it has none, and what must still hold for it to be served.
template<class Value>
struct tier_entry {
    std::optional<Value> value{};
    origin from{};
    tag_stamps tags{};
    std::chrono::nanoseconds time_left{0}; ///< for which a local tier may keep it; it is not kept for 0
    bool is_far = false;                   ///< a remote tier has just answered it
};

} // namespace detail

template<has_size_hint Value>
struct size_hint<detail::tier_entry<Value>> {
    static std::size_t bytes(detail::tier_entry<Value> const& entry) {
        std::size_t const tags = entry.tags == nullptr ? 0 : size_in_bytes(*entry.tags);
        return sizeof entry + tags + (entry.value ? size_in_bytes(*entry.value) - sizeof(Value) : 0);
    }
};

} // namespace orfeas::inline v0::cache
