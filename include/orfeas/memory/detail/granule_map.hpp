// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Physical memory of some granules: the unit that is mapped, moved and given back.
struct piece {
    physical_memory memory;
    std::uint32_t granules = 0;
    bool logged = false; ///< whether the log has it as taken from the backend
};

/// Which piece is mapped where in a range of addresses. Thread-compatible (distinct objects).
class granule_map {
  public:
    /// Makes room for granules [0, granules). Throws std::bad_alloc.
    void cover(std::size_t granules) {
        if (pieces_.size() < granules) {
            pieces_.resize(granules < 2 * pieces_.size() ? 2 * pieces_.size() : granules);
        }
    }

    void insert(std::size_t granule, piece const& mapped) noexcept { pieces_[granule] = mapped; }

    piece erase(std::size_t granule) noexcept {
        auto const was = pieces_[granule];
        pieces_[granule] = {};
        return was;
    }

    /// The piece that is mapped from this granule on; none when one began earlier, or nothing is mapped.
    piece const& at(std::size_t granule) const noexcept { return pieces_[granule]; }

    /// Calls visit(granule, piece) for each piece that lies in granules [begin, end) as a whole, in order of addresses.
    template<class Visit>
    void for_each_in(std::size_t begin, std::size_t end, Visit visit) const {
        end = end < pieces_.size() ? end : pieces_.size();
        while (begin < end) {
            auto const& each = pieces_[begin];
            if (each.granules == 0) { // the rest of a piece that began earlier
                ++begin;
                continue;
            }
            if (begin + each.granules <= end) {
                visit(begin, each);
            }
            begin += each.granules;
        }
    }

    std::size_t size() const noexcept { return pieces_.size(); }

  private:
    std::vector<piece> pieces_;
};

} // namespace orfeas::inline v0::memory::detail
