// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Where a live allocation's bookkeeping is.
struct allocation {
    std::uint64_t address = 0;      ///< 0: no allocation
    std::uint64_t allocated_ns = 0; ///< when, if the pool keeps times
    std::uint32_t node = 0;         ///< in its space's heap
    std::uint32_t site = 0;         ///< a call_site_id
    std::uint16_t tag = 0;          ///< a tag_id
    std::uint16_t rounding = 0;     ///< bytes that it is larger than what was asked for
    std::uint8_t space = 0;         ///< which of the pool's spaces it is in
    std::uint8_t owner = 0;         ///< who alone could have it when it was allocated; 0: everyone
};
static_assert(sizeof(allocation) == 32);

/// Live allocations by address: open addressing with linear probing, no tombstones, at most 3/4 full. Its size follows the
/// number of live allocations, not the memory that they take. Thread-compatible (distinct objects).
class allocation_table {
  public:
    /// Makes sure that the next `insert` succeeds. Throws std::bad_alloc.
    void reserve_one() {
        if ((count_ + 1) * 4 > slots_.size() * 3) [[unlikely]] {
            grow();
        }
    }

    /// Adds an allocation that is not there. Constant time on average.
    void insert(allocation const& added) noexcept {
        auto i = home(added.address);
        while (slots_[i].address != 0) {
            i = (i + 1) & mask_;
        }
        slots_[i] = added;
        ++count_;
    }

    /// The allocation at an address, or null. Constant time on average.
    allocation* find(std::uint64_t address) noexcept {
        if (count_ == 0) {
            return nullptr;
        }
        for (auto i = home(address); slots_[i].address != 0; i = (i + 1) & mask_) {
            if (slots_[i].address == address) {
                return &slots_[i];
            }
        }
        return nullptr;
    }

    allocation const* find(std::uint64_t address) const noexcept {
        return const_cast<allocation_table*>(this)->find(address);
    }

    /// Removes what `find` found.
    void erase(allocation* found) noexcept {
        auto hole = static_cast<std::size_t>(found - slots_.data());
        // what was pushed past the hole by an earlier collision moves back into it
        for (auto i = (hole + 1) & mask_; slots_[i].address != 0; i = (i + 1) & mask_) {
            auto const wanted = home(slots_[i].address);
            if (((i - wanted) & mask_) >= ((i - hole) & mask_)) {
                slots_[hole] = slots_[i];
                hole = i;
            }
        }
        slots_[hole] = {};
        --count_;
    }

    std::size_t size() const noexcept { return count_; }

    /// Calls visit(allocation) for each, in no order.
    template<class Visit>
    void for_each(Visit visit) const {
        for (auto const& each : slots_) {
            if (each.address != 0) {
                visit(each);
            }
        }
    }

  private:
    /// Fibonacci hashing: addresses differ in their middle bits.
    std::size_t home(std::uint64_t address) const noexcept {
        return static_cast<std::size_t>((address >> 9) * 0x9e37'79b9'7f4a'7c15ULL >> shift_);
    }

    void grow() {
        std::vector<allocation> larger(slots_.empty() ? 64 : slots_.size() * 2);
        slots_.swap(larger);
        mask_ = slots_.size() - 1;
        shift_ = 64;
        for (auto size = slots_.size(); size > 1; size /= 2) {
            --shift_;
        }
        count_ = 0;
        for (auto const& each : larger) {
            if (each.address != 0) {
                insert(each);
            }
        }
    }

    std::vector<allocation> slots_;
    std::size_t mask_ = 0;
    std::size_t count_ = 0;
    unsigned shift_ = 64;
};

} // namespace orfeas::inline v0::memory::detail
