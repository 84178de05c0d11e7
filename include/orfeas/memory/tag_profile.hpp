// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/lifetime_histogram.hpp>
#include <orfeas/memory/tag.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// What the allocations of one tag hold, and how they have come and gone.
struct tag_profile {
    std::uint16_t tag = 0;
    std::string name{};
    std::uint64_t current_bytes = 0;     ///< held by live allocations
    std::uint64_t peak_bytes = 0;        ///< the most that was ever held at once
    std::uint64_t allocations = 0;       ///< live allocations
    std::uint64_t allocations_total = 0; ///< all that ever were
    double byte_seconds = 0;             ///< size times lifetime, over the allocations that have ended
    lifetime_histogram lifetimes{};      ///< of the allocations that have ended

    static void fields(auto& self, auto&& field) {
        field("tag", self.tag, unit::none, "number of the tag");
        field("name", self.name, unit::none, "what the memory is for");
        field("current_bytes", self.current_bytes, unit::bytes, "held by live allocations");
        field("peak_bytes", self.peak_bytes, unit::bytes, "most ever held at once");
        field("allocations", self.allocations, unit::none, "live allocations");
        field("allocations_total", self.allocations_total, unit::none, "allocations so far");
        field("byte_seconds", self.byte_seconds, unit::none, "size times lifetime of ended allocations");
        field("lifetimes", self.lifetimes, unit::none, "ended allocations by the binary logarithm of nanoseconds");
    }
};

/// A tag and what it holds, without memory of its own: for what is reported when memory has run out.
struct tag_usage {
    std::array<char, 40> text{}; ///< the name, cut to what fits, with a zero at its end
    std::uint64_t bytes = 0;     ///< held now; 0 in a place that no tag takes

    tag_usage() = default;
    tag_usage(std::string_view name, std::uint64_t held) noexcept : bytes{held} {
        for (std::size_t i = 0; i < name.size() && i + 1 < text.size(); ++i) {
            text[i] = name[i];
        }
    }

    std::string_view name() const noexcept { return text.data(); }
};

/// The three tags that hold most, the largest first.
using top_tags = std::array<tag_usage, 3>;

} // namespace orfeas::inline v0::memory
