// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/heap_sort.hpp>
#include <orfeas/memory/lifetime_histogram.hpp>
#include <orfeas/memory/tag.hpp>
#include <orfeas/memory/tag_profile.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Keeps an account a tag. Allocates in its constructor only; tags beyond its bound count as other_tags.
/// Both events take O(1), a few nanoseconds.
class tag_accounts {
  public:
    /// For the tags that a table of `limit` can hold, at least 2. Throws std::bad_alloc.
    explicit tag_accounts(std::size_t limit) : accounts_(limit), lifetimes_(limit) {}

    void on_allocate(tag_id tag, std::uint64_t bytes) noexcept {
        auto& each = accounts_[place(tag)];
        each.current_bytes += bytes;
        each.peak_bytes = each.current_bytes > each.peak_bytes ? each.current_bytes : each.peak_bytes;
        ++each.allocated;
    }

    /// For who keeps no times.
    void on_deallocate(tag_id tag, std::uint64_t bytes) noexcept {
        auto& each = accounts_[place(tag)];
        each.current_bytes -= bytes;
        ++each.deallocated;
    }

    void on_deallocate(tag_id tag, std::uint64_t bytes, std::uint64_t lifetime_ns) noexcept {
        on_deallocate(tag, bytes);
        auto const at = place(tag);
        auto& each = accounts_[at];
        each.byte_nanoseconds += static_cast<double>(bytes) * static_cast<double>(lifetime_ns);
        lifetimes_[at].record(lifetime_ns);
    }

    std::uint64_t current_bytes(tag_id tag) const noexcept { return accounts_[place(tag)].current_bytes; }

    tag_profile profile(tag_table const& names, tag_id tag) const {
        auto const& each = accounts_[place(tag)];
        return {.tag = tag.value,
                .name = std::string{names.name(tag)},
                .current_bytes = each.current_bytes,
                .peak_bytes = each.peak_bytes,
                .allocations = each.allocated - each.deallocated,
                .allocations_total = each.allocated,
                .byte_seconds = each.byte_nanoseconds * 1e-9,
                .lifetimes = lifetimes_[place(tag)]};
    }

    /// The tags that were ever used, the one that holds most first. O(t log t) in the tags of the table.
    std::vector<tag_profile> profiles(tag_table const& names) const {
        std::vector<tag_profile> result;
        for (std::size_t tag = 0; tag < names.size() && tag < accounts_.size(); ++tag) {
            if (accounts_[tag].allocated > 0) {
                result.push_back(profile(names, {static_cast<std::uint16_t>(tag)}));
            }
        }
        heap_sort(result, [](tag_profile const& a, tag_profile const& b) {
            return a.current_bytes != b.current_bytes ? a.current_bytes > b.current_bytes : a.tag < b.tag;
        });
        return result;
    }

    /// The tags that hold most. Linear in the tags; allocates nothing.
    top_tags top(tag_table const& names) const noexcept {
        top_tags result{};
        for (std::size_t tag = 0; tag < names.size() && tag < accounts_.size(); ++tag) {
            auto const bytes = accounts_[tag].current_bytes;
            std::size_t place = result.size();
            for (; place > 0 && bytes > result[place - 1].bytes; --place) {
                if (place < result.size()) {
                    result[place] = result[place - 1];
                }
            }
            if (place < result.size()) {
                result[place] = {names.name({static_cast<std::uint16_t>(tag)}), bytes};
            }
        }
        return result;
    }

  private:
    struct account {
        std::uint64_t current_bytes = 0;
        std::uint64_t peak_bytes = 0;
        std::uint64_t allocated = 0;
        std::uint64_t deallocated = 0;
        double byte_nanoseconds = 0;
    };

    std::size_t place(tag_id tag) const noexcept { return tag.value < accounts_.size() ? tag.value : other_tags.value; }

    std::vector<account> accounts_;
    std::vector<lifetime_histogram> lifetimes_; // apart: allocation does not touch them
};

} // namespace orfeas::inline v0::memory::detail
