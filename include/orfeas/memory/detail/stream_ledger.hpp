// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/stream_ref.hpp>

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

    struct mark {
        std::uint32_t epoch;
        fence passed_after;
    };

    struct entry {
        stream_ref stream;
        extent_owner owner = 0;    ///< what the stream's frees are called in the heaps
        std::uint32_t epoch = 1;   ///< of frees from now on
        std::uint32_t frees = 0;   ///< in this epoch
        std::vector<mark> marks{}; ///< fences that were not seen to pass, oldest first

        /// Begins a new epoch; returns the one that ends.
        std::uint32_t close_epoch() noexcept {
            frees = 0;
            return epoch++;
        }
    };

    /// The entry of a stream, or null. Linear in the streams, which are few.
    entry* find(stream_ref stream) noexcept {
        for (auto& each : entries_) {
            if (each.stream == stream) {
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
