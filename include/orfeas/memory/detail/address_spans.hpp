// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/heap_sort.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Addresses from `begin` up to `end`.
struct address_span {
    std::uint64_t begin;
    std::uint64_t end;
};

/// A set of addresses as disjoint spans. Filled first, then `settle`d, then asked.
class address_spans {
  public:
    void add(std::uint64_t begin, std::uint64_t bytes) { spans_.push_back({begin, begin + bytes}); }

    /// Sorts the spans and joins those that touch. O(n log n).
    void settle() {
        heap_sort(spans_, [](address_span const& a, address_span const& b) { return a.begin < b.begin; });
        std::size_t kept = 0;
        for (auto const each : spans_) {
            if (kept > 0 && each.begin <= spans_[kept - 1].end) {
                spans_[kept - 1].end = each.end > spans_[kept - 1].end ? each.end : spans_[kept - 1].end;
            } else {
                spans_[kept++] = each;
            }
        }
        spans_.resize(kept);
    }

    /// O(log n).
    bool contains(std::uint64_t address) const noexcept {
        std::size_t low = 0;
        std::size_t high = spans_.size();
        while (low < high) {
            auto const middle = low + (high - low) / 2;
            if (spans_[middle].begin <= address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low > 0 && address < spans_[low - 1].end;
    }

    auto begin() const noexcept { return spans_.begin(); }
    auto end() const noexcept { return spans_.end(); }

  private:
    std::vector<address_span> spans_;
};

} // namespace orfeas::inline v0::memory::detail
