// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/leak_report.hpp>
#include <orfeas/memory/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::memory {

/// How the reserved memory of a snapshot is used, from its blocks.
struct block_summary {
    std::uint64_t reserved_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t requested_bytes = 0; ///< of the used bytes, what was asked for
    std::uint64_t pending_bytes = 0;
    std::uint64_t free_bytes = 0;
    std::uint64_t largest_free_bytes = 0;
    std::uint64_t used_blocks = 0;
    std::uint64_t free_blocks = 0;
    double internal_ratio = 0; ///< share of the used bytes that rounding added
    double external_ratio = 0; ///< share of the free bytes outside the largest free block

    static void fields(auto& self, auto&& field) {
        field("reserved_bytes", self.reserved_bytes, unit::bytes, "memory taken from the backend");
        field("used_bytes", self.used_bytes, unit::bytes, "allocated, after rounding");
        field("requested_bytes", self.requested_bytes, unit::bytes, "allocated, before rounding");
        field("pending_bytes", self.pending_bytes, unit::bytes, "deallocated, waiting for a stream");
        field("free_bytes", self.free_bytes, unit::bytes, "free for everyone");
        field("largest_free_bytes", self.largest_free_bytes, unit::bytes, "largest free block");
        field("used_blocks", self.used_blocks, unit::none, "allocations");
        field("free_blocks", self.free_blocks, unit::none, "free blocks");
        field("internal_ratio", self.internal_ratio, unit::ratio, "share of used memory that rounding added");
        field("external_ratio", self.external_ratio, unit::ratio,
              "share of free memory outside the largest free block");
    }
};

/// Linear in the blocks.
inline block_summary summarize_blocks(memory_snapshot const& snapshot) noexcept {
    block_summary sum;
    for (auto const& range : snapshot.ranges) {
        sum.reserved_bytes += range.bytes;
        for (auto const& block : range.blocks) {
            if (block.state == block_state::used) {
                sum.used_bytes += block.bytes;
                sum.requested_bytes += block.requested_bytes;
                ++sum.used_blocks;
            } else if (block.state == block_state::pending) {
                sum.pending_bytes += block.bytes;
            } else {
                sum.free_bytes += block.bytes;
                sum.largest_free_bytes = block.bytes > sum.largest_free_bytes ? block.bytes : sum.largest_free_bytes;
                ++sum.free_blocks;
            }
        }
    }
    auto const missing = [](std::uint64_t part, std::uint64_t whole) {
        return whole == 0 ? 0.0 : 1 - static_cast<double>(part) / static_cast<double>(whole);
    };
    sum.internal_ratio = missing(sum.requested_bytes, sum.used_bytes);
    sum.external_ratio = missing(sum.largest_free_bytes, sum.free_bytes);
    return sum;
}

namespace detail {

/// Sums up the used blocks that `wanted(block)` names.
template<class Wanted>
leak_report tally_blocks(memory_snapshot const& snapshot, Wanted&& wanted) {
    leak_tally tally;
    for (auto const& range : snapshot.ranges) {
        for (auto const& block : range.blocks) {
            if (block.state == block_state::used && wanted(block)) {
                tally.add(block.site, block.tag, block.bytes, block.allocated_ns);
            }
        }
    }
    return tally.finish([&](live_group& group) {
        group.file = "unknown";
        for (auto const& site : snapshot.sites) {
            if (site.site == group.site) {
                group.file = site.file;
                group.line = site.line;
                group.function = site.function;
            }
        }
        for (auto const& tag : snapshot.tags) {
            group.tag_name = tag.tag == group.tag ? tag.name : group.tag_name;
        }
    });
}

/// The age by number of tag from which an allocation counts as a leak candidate; 0 for tags that nothing is known of.
inline std::vector<std::uint64_t> suspicious_ages_ns(memory_snapshot const& snapshot) {
    std::vector<std::uint64_t> ages;
    for (auto const& tag : snapshot.tags) {
        ages.resize(tag.tag < ages.size() ? ages.size() : tag.tag + std::size_t{1});
        ages[tag.tag] = tag.lifetimes.total() >= 10 ? 2 * tag.lifetimes.quantile_ns(0.99) : 0;
    }
    return ages;
}

inline std::string percent_text(double ratio) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", ratio * 100);
    return text;
}

} // namespace detail

/// The live allocations of a snapshot by call site and tag. O(blocks + groups * (sites + tags)).
inline leak_report live_allocations(memory_snapshot const& snapshot) {
    return detail::tally_blocks(snapshot, [](snapshot_block const&) { return true; });
}

/// Of the live allocations, those that are more than twice as old as 99 % of the ended ones of their tag became. Tags of
/// which fewer than ten ended (weights that stay for the whole run, say) have no candidates.
inline leak_report leak_candidates(memory_snapshot const& snapshot) {
    auto const ages = detail::suspicious_ages_ns(snapshot);
    return detail::tally_blocks(snapshot, [&](snapshot_block const& block) {
        auto const limit = block.tag < ages.size() ? ages[block.tag] : 0;
        auto const age = snapshot.clock_ns > block.allocated_ns ? snapshot.clock_ns - block.allocated_ns : 0;
        return limit > 0 && age > limit;
    });
}

/// A snapshot in a page for people: totals, fragmentation, the tags that hold most, and leak candidates.
inline std::string to_text(memory_snapshot const& snapshot, std::size_t most = 10) {
    auto const& now = snapshot.profile;
    auto const blocks = summarize_blocks(snapshot);
    std::string text = snapshot.name + " on " + snapshot.device + "\n";
    text += "allocated " + format_bytes(now.allocated_bytes) + " of " + format_bytes(now.total_bytes) + ", reserved " +
            format_bytes(now.reserved_bytes) + ", peak " + format_bytes(now.peak_allocated_bytes) + ", pressure ";
    text.append(to_string(now.pressure)).append("\n");
    text += "fragmentation: " + detail::percent_text(blocks.external_ratio) + " of " + format_bytes(blocks.free_bytes) +
            " free lies outside the largest of " + std::to_string(blocks.free_blocks) + " free blocks (" +
            format_bytes(blocks.largest_free_bytes) + "); rounding takes " +
            detail::percent_text(blocks.internal_ratio) + "; " + format_bytes(blocks.pending_bytes) +
            " wait for streams\n";
    text +=
        "events: " + std::to_string(snapshot.events.size()) + ", " + std::to_string(snapshot.events_lost) + " lost\n";
    text += "tags:\n";
    for (std::size_t i = 0; i < snapshot.tags.size() && i < most; ++i) {
        auto const& tag = snapshot.tags[i];
        text += "  " + tag.name + ": " + format_bytes(tag.current_bytes) + " in " + std::to_string(tag.allocations) +
                ", peak " + format_bytes(tag.peak_bytes) + ", " + std::to_string(tag.allocations_total) + " so far\n";
    }
    text += "live by call site:\n" + to_text(live_allocations(snapshot), most);
    text += "leak candidates (twice as old as 99 % of their tag became):\n" + to_text(leak_candidates(snapshot), most);
    return text;
}

} // namespace orfeas::inline v0::memory
