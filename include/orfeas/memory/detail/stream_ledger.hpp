// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/extent_node.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// What a pool knows about the streams on which memory was freed. Frees of a stream are counted in epochs; a fence that is
/// recorded when an epoch closes covers all of the epoch, and of those before it. Knows no backend: who records a fence
/// says so. Thread-compatible (distinct objects).
class stream_ledger {
  public:
    /// Frees that one fence covers: a fence costs about as much as all of them.
    static constexpr std::uint32_t epoch_frees = 64;

    /// Fences that an entry keeps: a newer one covers what older ones cover, so that old ones may be dropped.
    static constexpr std::size_t most_marks = 8;

    struct mark {
        std::uint32_t epoch = 0;
        fence passed_after{};
    };

    /// Fences to give back to the backend, without the lock.
    struct dropped_fences {
        std::array<fence, most_marks + 1> all{};
        std::size_t count = 0;

        void add(fence f) noexcept { all[count++] = f; }
    };

    struct entry {
        stream_ref stream;
        extent_owner owner = 0;               ///< what the stream's frees are called in the heaps
        bool active = true;                   ///< false: the stream was forgotten, the owner may serve another
        std::uint32_t epoch = 1;              ///< of frees from now on
        std::uint32_t frees = 0;              ///< in this epoch
        std::uint32_t fenced = 0;             ///< the last epoch that a fence was kept for
        std::size_t mark_count = 0;           ///< of marks
        std::array<mark, most_marks> marks{}; ///< fences that were not seen to pass, by epoch

        /// Begins a new epoch; returns the one that ends.
        std::uint32_t close_epoch() noexcept {
            frees = 0;
            return epoch++;
        }

        /// Whether something was freed that no fence was kept for.
        bool needs_fence() const noexcept { return frees > 0 || fenced != epoch - 1; }

        /// The epoch that a fence recorded now closes.
        std::uint32_t epoch_to_fence() noexcept { return frees > 0 ? close_epoch() : epoch - 1; }

        /// Keeps the fence of an epoch that was closed. When there are too many, every other one is dropped.
        void keep(mark const& added, dropped_fences& dropped) noexcept {
            if (mark_count == most_marks) {
                for (std::size_t i = 0; i < most_marks; i += 2) {
                    dropped.add(marks[i].passed_after);
                    marks[i / 2] = marks[i + 1];
                }
                mark_count = most_marks / 2;
            }
            auto place = mark_count++;
            for (; place > 0 && is_before(added.epoch, marks[place - 1].epoch); --place) {
                marks[place] = marks[place - 1];
            }
            marks[place] = added;
            fenced = is_before(fenced, added.epoch) ? added.epoch : fenced;
        }

        /// Drops the fences of the epochs up to `last`.
        void drop_up_to(std::uint32_t last, dropped_fences& dropped) noexcept {
            std::size_t kept = 0;
            for (std::size_t i = 0; i < mark_count; ++i) {
                if (is_before(last, marks[i].epoch)) {
                    marks[kept++] = marks[i];
                } else {
                    dropped.add(marks[i].passed_after);
                }
            }
            mark_count = kept;
        }
    };

    /// The entry of a stream, or null. Linear in the streams, which are few.
    entry* find(stream_ref stream) noexcept {
        for (auto& each : entries_) {
            if (each.active && each.stream == stream) {
                return &each;
            }
        }
        return nullptr;
    }

    /// Gives the place of a forgotten stream to another one; null when there is none.
    entry* reuse(stream_ref stream) noexcept {
        for (auto& each : entries_) {
            if (!each.active) {
                each.stream = stream;
                each.active = true;
                return &each;
            }
        }
        return nullptr;
    }

    /// Adds a stream whose frees go by the name `owner`. Throws std::bad_alloc.
    entry& add(stream_ref stream, extent_owner owner) {
        entries_.push_back({.stream = stream, .owner = owner});
        return entries_.back();
    }

    std::vector<entry>& entries() noexcept { return entries_; }
    std::vector<entry> const& entries() const noexcept { return entries_; }

  private:
    std::vector<entry> entries_;
};

} // namespace orfeas::inline v0::memory::detail
