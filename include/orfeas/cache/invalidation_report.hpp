// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <cstdint>

namespace orfeas::inline v0::cache {

/// What an invalidation or a clearing removed.
struct invalidation_report {
    std::uint64_t l1_entries = 0;
    std::uint64_t l2_entries = 0;
    std::uint32_t nodes = 0;        ///< whose keys were walked over
    std::uint32_t failed_nodes = 0; ///< that did not answer to the end, or were not found: theirs may still be there

    static void fields(auto& self, auto&& field) {
        field("l1_entries", self.l1_entries, unit::none, "Entries removed from the local tier.");
        field("l2_entries", self.l2_entries, unit::none, "Entries removed from the remote tier.");
        field("nodes", self.nodes, unit::none, "Servers whose keys were walked over.");
        field("failed_nodes", self.failed_nodes, unit::none,
              "Those that did not answer to the end, or were not found.");
    }
};

} // namespace orfeas::inline v0::cache
