// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

using node_index = std::uint32_t;

/// No node. Node 0 exists, is never free, and may be written through: links to nowhere need no test.
inline constexpr node_index nil = 0;

enum class node_state : std::uint8_t {
    vacant,    ///< a node that stands for nothing
    used,      ///< handed out
    free,      ///< to hand out
    withdrawn, ///< of a region that is out of use
    absent,    ///< addresses with no memory behind them
};

/// An extent of a heap: neighbours in address order, and a place in the list of its kind.
struct extent_node {
    std::uint32_t first = 0; ///< unit within the region
    std::uint32_t units = 0;
    node_index before = nil;
    node_index after = nil;
    node_index previous = nil;
    node_index next = nil;   ///< of a vacant node, the next vacant one
    std::uint32_t epoch = 0; ///< of a free extent that is one owner's: when the last of it was freed
    std::uint16_t region = 0;
    node_state state = node_state::vacant;
    std::uint8_t owner = 0; ///< of a free extent: who alone may have it; 0: anyone
};
static_assert(sizeof(extent_node) == 32);

/// Whether epoch `a` comes before `b`: epochs wrap around, and lie less than 2^31 apart.
constexpr bool is_before(std::uint32_t a, std::uint32_t b) noexcept {
    return static_cast<std::int32_t>(a - b) < 0;
}

using extent_nodes = std::vector<extent_node>;

} // namespace orfeas::inline v0::memory::detail
