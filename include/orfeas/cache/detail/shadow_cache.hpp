// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/entry_marks.hpp>
#include <orfeas/cache/detail/two_queues.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// A cache of nothing but hashes, which tells how often a larger cache with this admission would hit.
/// Thread-compatible (distinct objects).
class shadow_cache {
  public:
    /// Of so many hashes, at least one.
    shadow_cache(std::uint32_t capacity, admission how)
        : order_{capacity == 0 ? 1U : capacity}, entries_(capacity + 1) {
        order_.admit_by(how);
        if (how == admission::tiny_lfu) {
            order_.keep_sketch();
        }
        std::size_t chains = 16;
        while (chains < capacity) {
            chains *= 2;
        }
        chains_.assign(chains, no_entry);
        capacity_ = capacity == 0 ? 1U : capacity;
    }

    /// Looks a hash up, and stores it if it is not there.
    void access(std::uint64_t hash) {
        for (entry_id id = chain_of(hash); id != no_entry; id = entries_[id].chained) {
            if (entries_[id].hash == hash) {
                entries_[id].marks.count_hit();
                ++hits_;
                return;
            }
        }
        entry_id const id = size_ < capacity_ ? size_++ : freed();
        entries_[id].hash = hash;
        entries_[id].chained = std::exchange(chain_of(hash), id);
        table all{*this};
        order_.insert(all, id);
    }

    /// How often it hit since this was last asked.
    std::uint64_t take_hits() noexcept { return std::exchange(hits_, 0); }

  private:
    struct entry {
        std::uint64_t hash = 0;
        entry_id chained = no_entry;
        entry_link link;
        entry_marks marks;
    };

    struct table {
        shadow_cache& self;
        entry_link& link(entry_id id) const noexcept { return self.entries_[id].link; }
        entry_marks& marks(entry_id id) const noexcept { return self.entries_[id].marks; }
        std::uint64_t hash(entry_id id) const noexcept { return self.entries_[id].hash; }
        static std::uint32_t weight(entry_id) noexcept { return 1; }
    };

    entry_id& chain_of(std::uint64_t hash) noexcept {
        return chains_[static_cast<std::size_t>(hash >> 32U) & (chains_.size() - 1)];
    }

    entry_id freed() {
        table all{*this};
        entry_id const victim = order_.victim(all);
        entry_id* at = &chain_of(entries_[victim].hash);
        while (*at != victim) {
            at = &entries_[*at].chained;
        }
        *at = entries_[victim].chained;
        return victim;
    }

    two_queues order_;
    std::vector<entry> entries_;
    std::vector<entry_id> chains_;
    std::uint32_t capacity_ = 1;
    std::uint32_t size_ = 0;
    std::uint64_t hits_ = 0;
};

} // namespace orfeas::inline v0::cache::detail
