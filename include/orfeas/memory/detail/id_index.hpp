// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Finds ids by the hash of what they name: open addressing, at most half full, nothing is ever removed. Id 0 is none.
class id_index {
  public:
    /// The id with this hash for which `matches(id)` holds, else 0. Expected O(1).
    template<class Matches>
    std::uint32_t find(std::uint64_t hash, Matches&& matches) const {
        for (std::size_t i = hash & mask(); !slots_.empty() && slots_[i].id != 0; i = (i + 1) & mask()) {
            if (slots_[i].hash == hash && matches(slots_[i].id)) {
                return slots_[i].id;
            }
        }
        return 0;
    }

    /// Makes room for one more `insert`. Throws std::bad_alloc, without effect.
    void reserve_one() {
        if (2 * (used_ + 1) <= slots_.size()) {
            return;
        }
        std::vector<slot> larger(slots_.empty() ? 16 : 2 * slots_.size());
        larger.swap(slots_);
        for (auto const& each : larger) {
            if (each.id != 0) {
                place(each);
            }
        }
    }

    /// Adds an id that is not there, after `reserve_one`.
    void insert(std::uint64_t hash, std::uint32_t id) noexcept {
        place({hash, id});
        ++used_;
    }

    std::size_t size() const noexcept { return used_; }

  private:
    struct slot {
        std::uint64_t hash = 0;
        std::uint32_t id = 0;
    };

    std::size_t mask() const noexcept { return slots_.size() - 1; }

    void place(slot const& each) noexcept {
        std::size_t i = each.hash & mask();
        while (slots_[i].id != 0) {
            i = (i + 1) & mask();
        }
        slots_[i] = each;
    }

    std::vector<slot> slots_;
    std::size_t used_ = 0;
};

} // namespace orfeas::inline v0::memory::detail
