// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace orfeas::inline v0::memory {

/// What an allocation is for, as a number of a `tag_table`: "weights", "activations", … Zero is untagged.
struct tag_id {
    std::uint16_t value = 0;

    friend constexpr bool operator==(tag_id, tag_id) noexcept = default;
};

inline constexpr tag_id untagged{0};   ///< allocations without a tag
inline constexpr tag_id other_tags{1}; ///< all tags that found their table full

/// The place in the source that asked for memory, as a number of a `call_site_table`. Zero is unknown.
struct call_site_id {
    std::uint32_t value = 0;

    friend constexpr bool operator==(call_site_id, call_site_id) noexcept = default;
};

inline constexpr call_site_id unknown_site{0}; ///< allocations that were made without a place
inline constexpr call_site_id other_sites{1};  ///< all places that found their table full

/// What a caller may say about an allocation beyond its size.
struct allocation_hint {
    tag_id tag = untagged;            ///< whose it is: see basic_pool::tag
    call_site_id site = unknown_site; ///< where it is made: see basic_pool::site
    bool exportable = false; ///< will be opened by other processes (CUDA IPC) or network cards (RDMA): never remapped
};

} // namespace orfeas::inline v0::memory
