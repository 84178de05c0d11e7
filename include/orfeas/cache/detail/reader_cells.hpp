// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace orfeas::inline v0::cache::detail {

/// What one thread keeps in a cache whose entries it reads without a lock: its counts, and the node that it looks at.
/// Only the owner writes it.
struct alignas(128) reader_cell { // two lines, since processors fetch them in pairs
    std::atomic<std::uintptr_t> owner{0};
    std::atomic<void const*> looking_at{nullptr}; ///< not to be destroyed (a hazard pointer; Michael 2004)
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};

    /// Whether the owner looks at a node at this moment, inside of a visit. For the owner.
    bool in_use() const noexcept { return looking_at.load(std::memory_order_relaxed) != nullptr; }

    /// One more, without a locked instruction: nobody else writes it.
    static void increment(std::atomic<std::uint64_t>& count) noexcept {
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
};

/// Holds a reader's cell while it looks at an entry of a store, and lets go of the entry at the end.
template<class Store>
class pinned {
  public:
    explicit pinned(reader_cell* mine) noexcept : cell_{mine} {}
    pinned(pinned const&) = delete;
    pinned& operator=(pinned const&) = delete;
    ~pinned() {
        if constexpr (Store::pins) {
            cell_->looking_at.store(nullptr, std::memory_order_release);
        }
    }

  private:
    reader_cell* cell_;
};

/// A cell for each thread that reads a cache, found by the thread's identity. A thread keeps its cell for ever; one that
/// starts when another with the same identity has ended takes over its cell. Threads that find no free place share
/// none: they read under a lock.
/// Thread-safe.
class reader_cells {
  public:
    /// The cell of the calling thread, or null when there is no place for it.
    reader_cell* mine() noexcept {
        auto const me = reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer());
        // Threads' identities are addresses of their control blocks, which differ in the middle bits.
        std::size_t const first = static_cast<std::size_t>(me * 0x9e3779b97f4a7c15U >> 58U);
        reader_cell& cell = cells_[first];
        return cell.owner.load(std::memory_order_relaxed) == me ? &cell : find_or_claim(me, first);
    }

    /// Whether a thread looks at the node. Sequentially consistent with `looking_at`'s stores: a reader that is not seen
    /// here will see that the node has left its entry.
    bool anyone_looks_at(void const* node) const noexcept {
        for (auto left = owned_.load(std::memory_order_seq_cst); left != 0; left &= left - 1) {
            auto const& cell = cells_[static_cast<std::size_t>(std::countr_zero(left))];
            if (cell.looking_at.load(std::memory_order_seq_cst) == node) {
                return true;
            }
        }
        return false;
    }

    std::uint64_t hits() const noexcept { return sum(&reader_cell::hits); }
    std::uint64_t misses() const noexcept { return sum(&reader_cell::misses); }

  private:
    static constexpr std::size_t places = 64; // as many as six bits and a word of bits name
    static constexpr std::size_t most_tries = 8;

    [[gnu::noinline]] reader_cell* find_or_claim(std::uintptr_t me, std::size_t first) noexcept {
        for (std::size_t tried = 0; tried < most_tries; ++tried) {
            std::size_t const at = (first + tried) % places;
            reader_cell& cell = cells_[at];
            auto owner = cell.owner.load(std::memory_order_relaxed);
            if (owner == me) {
                return &cell;
            }
            if (owner == 0 && cell.owner.compare_exchange_strong(owner, me, std::memory_order_acq_rel)) {
                owned_.fetch_or(std::uint64_t{1} << at, std::memory_order_seq_cst);
                return &cell;
            }
        }
        return nullptr;
    }

    std::uint64_t sum(std::atomic<std::uint64_t> reader_cell::* count) const noexcept {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < places; ++i) {
            total += (cells_[i].*count).load(std::memory_order_relaxed);
        }
        return total;
    }

    std::atomic<std::uint64_t> owned_{0}; // bits of the cells that have an owner
    std::unique_ptr<reader_cell[]> cells_ = std::make_unique<reader_cell[]>(places);
};

} // namespace orfeas::inline v0::cache::detail
