// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/extent_heap.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

struct free_deleter {
    void operator()(void* p) const noexcept { std::free(p); }
};

/// Memory that a pool took from its backend at once, and which extent begins at which of its units.
class segment {
  public:
    segment() = default;

    /// Throws std::bad_alloc. The table is 1/128 of the segment, but takes physical memory only where extents begin.
    segment(void* data, std::size_t bytes)
        : data_{data},
          bytes_{bytes},
          nodes_{static_cast<std::uint32_t*>(std::calloc(bytes / extent_heap::unit_bytes, sizeof(std::uint32_t)))} {
        if (!nodes_) {
            throw std::bad_alloc{};
        }
    }

    void* data() const noexcept { return data_; } ///< null when the slot is vacant
    std::size_t bytes() const noexcept { return bytes_; }
    std::uintptr_t begin() const noexcept { return reinterpret_cast<std::uintptr_t>(data_); }

    /// The node whose extent begins at `address`, which lies in this segment; 0 when none does.
    std::uint32_t& node_at(std::uintptr_t address) noexcept {
        return nodes_[(address - begin()) / extent_heap::unit_bytes];
    }

  private:
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
    std::unique_ptr<std::uint32_t[], free_deleter> nodes_;
};

/// A pool's segments, by the number of their region in the heap and by address.
class segment_map {
  public:
    /// Makes room for one more segment, so that the next `insert` succeeds. Throws std::bad_alloc.
    void reserve_one() {
        by_region_.reserve(by_region_.size() + 1);
        by_address_.reserve(by_address_.size() + 1);
    }

    /// Adds the segment of a region, whose number is at most regions().
    void insert(std::uint32_t region, segment added) noexcept {
        if (by_region_.size() <= region) {
            by_region_.resize(region + std::size_t{1});
        }
        auto const begin = added.begin();
        auto const place = std::upper_bound(by_address_.begin(), by_address_.end(), begin, below);
        by_address_.insert(place, {begin, begin + added.bytes(), region});
        by_region_[region] = std::move(added);
    }

    void erase(std::uint32_t region) noexcept {
        auto const begin = by_region_[region].begin();
        std::erase_if(by_address_, [begin](range const& r) { return r.begin == begin; });
        by_region_[region] = {};
    }

    /// The segment of a region.
    segment& operator[](std::uint32_t region) noexcept { return by_region_[region]; }

    /// One more than the largest region number; some of them may be vacant.
    std::size_t regions() const noexcept { return by_region_.size(); }

    /// The segment that holds `address`, or null. Logarithmic in the number of segments.
    segment* find(std::uintptr_t address) noexcept {
        auto const after = std::upper_bound(by_address_.begin(), by_address_.end(), address, below);
        if (after == by_address_.begin()) {
            return nullptr;
        }
        auto const& r = *std::prev(after);
        return address < r.end ? &by_region_[r.region] : nullptr;
    }

  private:
    struct range {
        std::uintptr_t begin;
        std::uintptr_t end;
        std::uint32_t region;
    };

    static bool below(std::uintptr_t address, range const& r) noexcept { return address < r.begin; }

    std::vector<segment> by_region_;
    std::vector<range> by_address_; // sorted
};

} // namespace orfeas::inline v0::memory::detail
