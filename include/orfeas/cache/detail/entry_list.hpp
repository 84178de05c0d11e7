// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>

namespace orfeas::inline v0::cache::detail {

/// The number of an entry in its shard.
using entry_id = std::uint32_t;
inline constexpr entry_id no_entry = std::numeric_limits<entry_id>::max();

/// An entry's neighbours in the list that it is in.
struct entry_link {
    entry_id newer = no_entry;
    entry_id older = no_entry;
};

/// Entries from the newest to the oldest, with their number and weight. `table.link(id)` and `table.weight(id)` give what
/// belongs to an entry. All operations are O(1).
/// Thread-compatible (distinct objects).
class entry_list {
  public:
    entry_id oldest() const noexcept { return oldest_; }
    std::uint32_t size() const noexcept { return size_; }
    std::uint64_t weight() const noexcept { return weight_; }

    template<class Table>
    void push(Table& table, entry_id id) noexcept {
        entry_link& link = table.link(id);
        link.newer = no_entry;
        link.older = newest_;
        (newest_ == no_entry ? oldest_ : table.link(newest_).newer) = id;
        newest_ = id;
        ++size_;
        weight_ += table.weight(id);
    }

    template<class Table>
    void remove(Table& table, entry_id id) noexcept {
        entry_link const link = table.link(id);
        (link.newer == no_entry ? newest_ : table.link(link.newer).older) = link.older;
        (link.older == no_entry ? oldest_ : table.link(link.older).newer) = link.newer;
        --size_;
        weight_ -= table.weight(id);
    }

    template<class Table>
    void renew(Table& table, entry_id id) noexcept {
        if (id != newest_) {
            remove(table, id);
            push(table, id);
        }
    }

    /// An entry of this list weighs something else than it did.
    void reweigh(std::uint64_t before, std::uint64_t after) noexcept { weight_ += after - before; }

  private:
    entry_id newest_ = no_entry;
    entry_id oldest_ = no_entry;
    std::uint32_t size_ = 0;
    std::uint64_t weight_ = 0;
};

} // namespace orfeas::inline v0::cache::detail
