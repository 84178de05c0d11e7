// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <utility>
#include <vector>

/// Numbers that each thread counts for itself. A *thread_cell* is eight bytes that one thread writes, with a plain load and store,
/// and any thread reads; a registry's cells are numbered, and a thread's *block* has its cells by number. The one
/// thread_local table says which block belongs to which registry. What is read is the sum over the blocks of all threads and
/// over one more, the *shared* block, to which threads add what they counted when they end.
///
/// Cells are used again. A thread that was stopped in the middle of an update may still write to a cell whose series is gone,
/// so nobody but the thread itself clears its cells: recycling raises the store's epoch and invalidates all blocks. The next
/// update of a thread finds its block invalid, clears the recycled cells and takes up the new epoch; until then its block
/// does not count for them.

namespace orfeas::inline v0::metrics::detail {

using thread_cell = std::atomic<std::uint64_t>;
using cell_number = std::uint32_t;
inline constexpr cell_number no_cell = ~cell_number{0};

/// Only the thread that owns the cell calls these.
inline void add_whole(thread_cell& to, std::uint64_t n) noexcept {
    to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}
inline void add_real(thread_cell& to, double x) noexcept {
    auto const sum = std::bit_cast<double>(to.load(std::memory_order_relaxed)) + x;
    to.store(std::bit_cast<std::uint64_t>(sum), std::memory_order_relaxed);
}

/// The same for cells that several threads write.
inline void share_whole(thread_cell& to, std::uint64_t n) noexcept {
    to.fetch_add(n, std::memory_order_relaxed);
}
inline void share_real(thread_cell& to, double x) noexcept {
    std::uint64_t before = to.load(std::memory_order_relaxed);
    while (!to.compare_exchange_weak(before, std::bit_cast<std::uint64_t>(std::bit_cast<double>(before) + x),
                                     std::memory_order_relaxed)) {}
}

inline double real_of(thread_cell const& from) noexcept {
    return std::bit_cast<double>(from.load(std::memory_order_relaxed));
}

/// What a cell holds: a whole number, a double, or the address of an array of one double with whole numbers behind it.
class cell_kind {
  public:
    static constexpr cell_kind whole() noexcept { return cell_kind{0}; }
    static constexpr cell_kind real() noexcept { return cell_kind{~std::uint32_t{0}}; }
    /// The double and `size` whole numbers.
    static constexpr cell_kind array(std::uint32_t size) noexcept { return cell_kind{size + 1}; }

    bool is_array() const noexcept { return code_ != 0 && code_ != ~std::uint32_t{0}; }
    std::size_t array_size() const noexcept { return code_; } ///< with the double

    void add(thread_cell& to, thread_cell const& from) const noexcept {
        if (code_ == 0) {
            share_whole(to, from.load(std::memory_order_relaxed));
        } else {
            share_real(to, real_of(from));
        }
    }

    friend bool operator==(cell_kind, cell_kind) = default;

  private:
    constexpr explicit cell_kind(std::uint32_t code) noexcept : code_{code} {}
    std::uint32_t code_;
};

inline thread_cell* array_of(thread_cell const& holder) noexcept {
    return std::bit_cast<thread_cell*>(holder.load(std::memory_order_acquire));
}

/// A line of its own for each array and page: threads do not share one.
inline thread_cell* allocate_cells(std::size_t count) {
    return new (std::align_val_t{64}) thread_cell[count]{};
}
inline void free_cells(thread_cell* cells) noexcept {
    ::operator delete[](cells, std::align_val_t{64});
}

/// Cells by number, one after the other: address space for all that there may be, of which the system provides a page with
/// the first write to it. So finding a cell is one addition.
class cell_region {
  public:
    static constexpr cell_number most_cells = 1U << 20U;

    /// Throws std::bad_alloc.
    cell_region() {
        void* const made =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (made == MAP_FAILED) {
            throw std::bad_alloc{};
        }
        ::madvise(made, bytes, MADV_NOHUGEPAGE); // a huge page would be provided for one cell
        cells_ = static_cast<thread_cell*>(made);
    }
    cell_region(cell_region const&) = delete;
    cell_region& operator=(cell_region const&) = delete;
    ~cell_region() { ::munmap(cells_, bytes); }

    thread_cell* begin() const noexcept { return cells_; }

  private:
    static constexpr std::size_t bytes = std::size_t{most_cells} * sizeof(thread_cell);

    thread_cell* cells_;
};
static_assert(thread_cell::is_always_lock_free && sizeof(thread_cell) == 8, "zeroed memory is cells that are zero");

/// Cells by number, for all threads: they stay where they are, and finding one takes no lock. Chunk `k` holds twice as many
/// as chunk `k - 1`.
class shared_cells {
  public:
    shared_cells() = default;
    shared_cells(shared_cells const&) = delete;
    shared_cells& operator=(shared_cells const&) = delete;
    ~shared_cells() {
        for (auto const& chunk : chunks_) {
            if (thread_cell* const cells = chunk.load(std::memory_order_relaxed)) {
                free_cells(cells);
            }
        }
    }

    /// The cell, which has been provided.
    thread_cell& operator[](cell_number number) const noexcept {
        auto const [chunk, at] = place_of(number);
        return chunks_[chunk].load(std::memory_order_acquire)[at];
    }

    /// By one thread at a time.
    void provide(cell_number number) {
        std::size_t const chunk = place_of(number).chunk;
        if (chunks_[chunk].load(std::memory_order_relaxed) == nullptr) {
            chunks_[chunk].store(allocate_cells(first_size << chunk), std::memory_order_release);
        }
    }

  private:
    static constexpr std::size_t first_size = 64;

    struct place {
        std::size_t chunk;
        std::size_t at;
    };
    static place place_of(cell_number number) noexcept {
        std::size_t const from_start = std::size_t{number} + first_size;
        auto const chunk = static_cast<std::size_t>(std::bit_width(from_start / first_size)) - 1;
        return {chunk, from_start - (first_size << chunk)};
    }

    std::array<std::atomic<thread_cell*>, 27> chunks_{};
};

class cell_store;
struct registry_link;

/// The part of a block that updates look at.
struct block_head {
    std::atomic<cell_store const*> valid_for{nullptr}; ///< null when the block is to be looked at before its next use
    thread_cell* cells = nullptr;
};

/// Stands where there is no block.
inline constinit block_head const no_block{};

/// One thread's cells for one store.
struct cell_block : block_head {
    explicit cell_block(cell_store& of) : home{&of} { cells = region.begin(); }

    cell_region region;
    std::uint32_t epoch = 0; ///< cells that were recycled later hold what is no longer true
    cell_store* home;
};

/// The thread_local table: for each of a few places one block of this thread. A coroutine may go on in another thread, and a
/// compiler that sees the address of a thread_local in a coroutine's body may keep it over the suspension. So updates, which
/// are inline, never form that address: the variable is in static storage of the thread, as far from the thread pointer in
/// each thread, and they read what is that far from the thread pointer of the moment.
struct thread_table {
    static constexpr std::size_t places = 4;
    std::array<block_head const*, places> blocks{&no_block, &no_block, &no_block, &no_block};
    bool ended = false; ///< what keeps the blocks has been destroyed
};
[[gnu::tls_model("initial-exec")]] inline constinit thread_local thread_table table_of_this_thread{};

/// The thread pointer of the moment: volatile, so that no compiler remembers it.
inline std::uintptr_t thread_pointer() noexcept {
    std::uintptr_t pointer = 0;
#if defined(__x86_64__)
    asm volatile("movq %%fs:0, %0" : "=r"(pointer));
#else
    asm volatile("mrs %0, tpidr_el0" : "=r"(pointer));
#endif
    return pointer;
}

/// How far a place of the table is from the thread pointer: static storage of threads is far below 2 GiB.
[[gnu::noinline]] inline std::int32_t offset_of_place(std::size_t place) noexcept {
    return static_cast<std::int32_t>(std::bit_cast<std::uintptr_t>(&table_of_this_thread.blocks[place]) -
                                     thread_pointer());
}

/// What is `offset` away from the thread pointer of the moment.
inline block_head const& block_at(std::int32_t offset) noexcept {
    block_head const* block = nullptr;
    auto const distance = static_cast<std::intptr_t>(offset);
#if defined(__x86_64__)
    asm volatile("movq %%fs:(%1), %0" : "=r"(block) : "r"(distance));
#else
    asm volatile("mrs %0, tpidr_el0\n\tldr %0, [%0, %1]" : "=&r"(block) : "r"(distance));
#endif
    return *block;
}

/// This thread's cell for the store whose place is at `offset`, or null where the update has to take the slow way
/// (`cell_store::use`).
inline thread_cell* cell_of_this_thread(cell_store const* store, std::int32_t offset, cell_number number) noexcept {
    block_head const& block = block_at(offset);
    if (block.valid_for.load(std::memory_order_relaxed) != store) [[unlikely]] {
        return nullptr;
    }
    thread_cell* const cells = block.cells;
    if (cells == nullptr) {
        __builtin_unreachable(); // spares updates the question
    }
    return cells + number;
}

/// All numbers of one registry. Shared by the registry and by the threads that have a block, so that either may end first.
/// Thread-safe where nothing else is said.
class cell_store {
  public:
    cell_store()
        : place_{(std::bit_cast<std::uintptr_t>(this) >> 6U) % thread_table::places},
          offset_{offset_of_place(place_)} {}
    cell_store(cell_store const&) = delete;
    cell_store& operator=(cell_store const&) = delete;

    /// A cell of a kind, which reads as zero. Throws std::bad_alloc, for the 2^20th too.
    cell_number allocate(cell_kind kind) {
        std::lock_guard const hold{mutex_};
        if (info_.size() == cell_region::most_cells) {
            throw std::bad_alloc{};
        }
        auto const number = static_cast<cell_number>(info_.size());
        shared_.provide(number);
        info_.push_back({kind, 0});
        return number;
    }

    /// Of the registry, for its series.
    registry_link* link = nullptr;

    /// Where threads have their blocks of this store, see `cell_of_this_thread`.
    std::int32_t offset() const noexcept { return offset_; }

    /// The slow way, for the first update of a thread and after recycling: calls `own(cell)` with this thread's cell, or, if
    /// that cannot be had at once, `shared(cell)` with that of all threads. Neither, and false, if `is_valid()` says that
    /// the series is gone. Never waits.
    template<class Valid, class Own, class Shared>
    [[gnu::noinline]] bool use(cell_number number, Valid is_valid, Own own, Shared shared) {
        if (thread_cell* const mine = prepare(number)) {
            // only now: the block may have taken up an epoch in which the number has another series
            return is_valid() && (own(*mine), true);
        }
        // recycling looks for these users after it made the series invalid, we look in the opposite order
        shared_users_.fetch_add(1, std::memory_order_seq_cst);
        bool const valid = is_valid();
        if (valid) {
            shared(shared_[number]);
        }
        shared_users_.fetch_sub(1, std::memory_order_seq_cst);
        return valid;
    }

    /// Makes cells zero for new series. Their former series are invalid already (`is_valid` says so). False, and nothing is
    /// changed, while a thread may still be adding to the shared ones.
    bool recycle(std::span<cell_number const> numbers) {
        std::lock_guard const hold{mutex_};
        if (shared_users_.load(std::memory_order_seq_cst) != 0) {
            return false;
        }
        ++epoch_;
        for (cell_number const number : numbers) {
            info_[number].recycled = epoch_;
            clear(info_[number].kind, shared_[number]);
        }
        for (cell_block* const block : blocks_) {
            block->valid_for.store(nullptr, std::memory_order_relaxed);
        }
        return true;
    }

    /// Keeps the set of threads as it is, for the `…_of` functions below; updates go on.
    [[nodiscard]] std::unique_lock<std::mutex> hold() { return std::unique_lock{mutex_}; }

    /// The sum of a whole cell over all threads; modulo 2^64. Only while held.
    std::uint64_t whole_of(cell_number number) const noexcept {
        std::uint64_t sum = 0;
        for_each(number, [&](thread_cell const& each) { sum += each.load(std::memory_order_relaxed); });
        return sum;
    }
    double real_sum_of(cell_number number) const noexcept {
        double sum = 0;
        for_each(number, [&](thread_cell const& each) { sum += real_of(each); });
        return sum;
    }
    /// Adds the whole numbers of an array cell to `counts`, and gives the sum of its doubles.
    double array_of_threads(cell_number number, std::span<std::uint64_t> counts) const noexcept {
        double sum = 0;
        for_each(number, [&](thread_cell const& each) {
            if (thread_cell const* const array = array_of(each)) {
                for (std::size_t i = 0; i < counts.size(); ++i) {
                    counts[i] += array[i + 1].load(std::memory_order_relaxed);
                }
                sum += real_of(array[0]);
            }
        });
        return sum;
    }

    /// This thread's array, made if there is none; null without memory. `holder` is this thread's cell.
    static thread_cell* own_array(thread_cell& holder, std::size_t size) noexcept {
        if (thread_cell* const made = array_of(holder)) {
            return made;
        }
        thread_cell* const made = try_allocate(size);
        holder.store(std::bit_cast<std::uint64_t>(made), std::memory_order_release);
        return made;
    }
    /// The same for the cell of all threads.
    static thread_cell* shared_array(thread_cell& holder, std::size_t size) noexcept {
        if (thread_cell* const there = array_of(holder)) {
            return there;
        }
        thread_cell* const made = try_allocate(size);
        std::uint64_t expected = 0;
        if (made != nullptr &&
            !holder.compare_exchange_strong(expected, std::bit_cast<std::uint64_t>(made), std::memory_order_acq_rel)) {
            free_cells(made);
            return std::bit_cast<thread_cell*>(expected);
        }
        return made;
    }

    /// Called by the registry that goes: no update comes any more. The store goes with the last thread that has a block.
    void close() noexcept {
        {
            std::lock_guard const hold{mutex_};
            closed_.store(true, std::memory_order_relaxed);
            for (cell_block* const block : blocks_) {
                block->valid_for.store(nullptr, std::memory_order_relaxed);
            }
        }
        release();
    }
    bool closed() const noexcept { return closed_.load(std::memory_order_relaxed); }

    /// Adds up what an ending thread counted, and forgets its block. Called by that thread.
    void fold(std::unique_ptr<cell_block> block) noexcept {
        {
            std::lock_guard const hold{mutex_};
            std::erase(blocks_, block.get());
            for (cell_number number = 0; number < info_.size(); ++number) {
                fold_cell(info_[number], *block, block->cells[number], shared_[number]);
            }
        }
        release();
    }

  private:
    struct cell_info {
        cell_kind kind;
        std::uint32_t recycled; ///< the epoch in which it was made zero for a new series
    };

  public:
    /// What a cell takes here, besides its eight bytes for each thread and for all threads.
    static constexpr std::size_t bytes_of_cell = sizeof(cell_info);

  private:
    ~cell_store() {
        for (cell_number number = 0; number < info_.size(); ++number) {
            free_array(info_[number].kind, shared_[number]);
        }
    }

    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            delete this;
        }
    }

    /// This thread's cell where its block was only not the one in the table.
    thread_cell* find_again(cell_number number) const noexcept;

    /// This thread's cell with its block up to date; null if that would have to wait, or without memory.
    thread_cell* prepare(cell_number number) noexcept;
    cell_block* block_of_this_thread();

    void take_up_epoch(cell_block& block) noexcept {
        if (block.epoch != epoch_) {
            for (cell_number number = 0; number < info_.size(); ++number) {
                if (info_[number].recycled > block.epoch) {
                    clear(info_[number].kind, block.cells[number]);
                }
            }
            block.epoch = epoch_;
        }
        block.valid_for.store(this, std::memory_order_relaxed);
    }

    template<class F>
    void for_each(cell_number number, F f) const noexcept {
        f(shared_[number]);
        for (cell_block const* const block : blocks_) {
            if (block->epoch >= info_[number].recycled) {
                f(block->cells[number]);
            }
        }
    }

    static void clear(cell_kind kind, thread_cell& at) noexcept {
        if (!kind.is_array()) {
            at.store(0, std::memory_order_relaxed);
        } else if (thread_cell* const array = array_of(at)) {
            for (std::size_t i = 0; i < kind.array_size(); ++i) {
                array[i].store(0, std::memory_order_relaxed);
            }
        }
    }

    static void free_array(cell_kind kind, thread_cell& at) noexcept {
        if (thread_cell* const array = kind.is_array() ? array_of(at) : nullptr) {
            free_cells(array);
        }
    }

    static void fold_cell(cell_info const& info, cell_block const& block, thread_cell& from, thread_cell& to) noexcept {
        if (block.epoch < info.recycled) {
            free_array(info.kind, from);
        } else if (!info.kind.is_array()) {
            info.kind.add(to, from);
        } else if (thread_cell* const array = array_of(from)) {
            fold_array(array, info.kind.array_size(), to);
        }
    }

    /// Hands the array over if it is the first, else adds its numbers.
    static void fold_array(thread_cell* array, std::size_t size, thread_cell& to) noexcept {
        std::uint64_t expected = 0;
        if (to.compare_exchange_strong(expected, std::bit_cast<std::uint64_t>(array), std::memory_order_acq_rel)) {
            return;
        }
        thread_cell* const sum = std::bit_cast<thread_cell*>(expected);
        for (std::size_t i = 1; i < size; ++i) {
            share_whole(sum[i], array[i].load(std::memory_order_relaxed));
        }
        share_real(sum[0], real_of(array[0]));
        free_cells(array);
    }

    static thread_cell* try_allocate(std::size_t size) noexcept {
        try {
            return allocate_cells(size);
        } catch (std::bad_alloc const&) {
            return nullptr;
        }
    }

    std::size_t place_;
    std::int32_t offset_; ///< of that place in the table
    std::atomic<std::uint32_t> references_{1};
    std::atomic<bool> closed_{false};
    std::atomic<std::uint32_t> shared_users_{0};
    std::mutex mutex_;
    std::uint32_t epoch_ = 0;
    std::vector<cell_info> info_;
    std::vector<cell_block*> blocks_; ///< of running threads
    shared_cells shared_;
};

/// The blocks of one thread, folded when it ends.
class thread_blocks {
  public:
    thread_blocks() = default;
    thread_blocks(thread_blocks const&) = delete;
    thread_blocks& operator=(thread_blocks const&) = delete;
    ~thread_blocks() {
        table_of_this_thread = {};
        table_of_this_thread.ended = true;
        for (auto& block : blocks_) {
            give_back(std::move(block));
        }
    }

    cell_block* find(cell_store const& store) const noexcept {
        for (auto const& block : blocks_) {
            if (block->home == &store) {
                return block.get();
            }
        }
        return nullptr;
    }

    /// Blocks of registries that have gone make room.
    void add(std::unique_ptr<cell_block> block) {
        for (auto& each : blocks_) {
            if (each->home->closed()) {
                for (auto& shown : table_of_this_thread.blocks) {
                    shown = shown == each.get() ? &no_block : shown;
                }
                give_back(std::move(each));
            }
        }
        std::erase(blocks_, nullptr);
        blocks_.push_back(std::move(block));
    }

    /// So that `add` needs no memory.
    void reserve_one() { blocks_.reserve(blocks_.size() + 1); }

  private:
    static void give_back(std::unique_ptr<cell_block> block) noexcept {
        cell_store& home = *block->home;
        home.fold(std::move(block));
    }

    std::vector<std::unique_ptr<cell_block>> blocks_;
};
inline thread_local thread_blocks blocks_of_this_thread;

inline cell_block* cell_store::block_of_this_thread() {
    if (cell_block* const found = blocks_of_this_thread.find(*this)) {
        return found;
    }
    auto made = std::make_unique<cell_block>(*this);
    blocks_of_this_thread.reserve_one();
    cell_block* const block = made.get();
    block->epoch = epoch_;
    blocks_.push_back(block);
    blocks_of_this_thread.add(std::move(made));
    references_.fetch_add(1, std::memory_order_relaxed);
    return block;
}

inline thread_cell* cell_store::find_again(cell_number number) const noexcept {
    cell_block* const block = blocks_of_this_thread.find(*this);
    if (block == nullptr || block->valid_for.load(std::memory_order_relaxed) != this) {
        return nullptr;
    }
    table_of_this_thread.blocks[place_] = block;
    return &block->cells[number];
}

[[gnu::noinline]] inline thread_cell* cell_store::prepare(cell_number number) noexcept {
    asm volatile("");
    if (table_of_this_thread.ended) {
        return nullptr;
    }
    if (thread_cell* const found = find_again(number)) {
        return found;
    }
    std::unique_lock const hold{mutex_, std::try_to_lock};
    if (!hold.owns_lock()) {
        return nullptr;
    }
    try {
        cell_block* const block = block_of_this_thread();
        take_up_epoch(*block);
        table_of_this_thread.blocks[place_] = block;
        return &block->cells[number];
    } catch (std::bad_alloc const&) {
        return nullptr;
    }
}

} // namespace orfeas::inline v0::metrics::detail
