// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/remote_frees.hpp>
#include <orfeas/memory/detail/resource_wrapper.hpp>
#include <orfeas/memory/detail/size_classes.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/memory_keeper.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/thread_cache_options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace orfeas::inline v0::memory {

/// Keeps what one worker frees and hands it to the same worker again, without a lock: a request costs a few nanoseconds,
/// and workers do not meet at the resource below. A worker owns its cache and passes it on as the resource of its buffers.
///
/// Requests up to 256 KiB, aligned to at most 512, take a block of one of 32 size classes, from the cache if it has one of
/// the class, else from below. There the cache takes and gives back blocks several at a time, up to 16. It keeps at most
/// `limit_bytes`. Larger and more strictly aligned requests pass through. When the resource below refuses, all that is
/// kept goes back to it, and it is asked again. A pool below that runs short asks its caches to flush: each does at its
/// owner's next deallocation, or when it finds no block.
///
/// What is kept counts as allocated in the resource below; `cached_bytes()` is how much that is.
///
/// Blocks of one cache may be deallocated in another over the same resource, so two caches are equal when the resources
/// below are. A thread that has no cache calls `deallocate_remote` of the cache that a block came from. Made with a stream,
/// the cache deals in that stream's order: what the owner deallocates may still be in use by work of the stream, and what
/// it allocates is for work of that stream alone.
///
/// A block that is freed twice is not noticed here. The resource below must outlive the cache, and the cache all remote
/// calls; when it ends, all that it keeps goes back.
///
/// Thread-compatible (distinct objects): one thread at a time owns it. `deallocate_remote`, `request_flush` and
/// `cached_bytes` may be called from any.
template<memory_resource Resource>
class alignas(64) thread_cache : public detail::resource_wrapper<Resource> {
    using wrapper = detail::resource_wrapper<Resource>;

  public:
    static constexpr std::size_t batch = 16;                                          ///< most blocks to move at once
    static constexpr std::size_t largest_bytes = detail::size_classes::largest_bytes; ///< of a request to be cached
    static constexpr std::size_t block_alignment = detail::size_classes::unit_bytes;  ///< of every block

    /// Takes nothing yet. Throws option_error for options out of range.
    explicit thread_cache(Resource& upstream, thread_cache_options const& options = {})
        : wrapper{upstream}, limit_{checked(options).limit_bytes} {
        add_to_keepers();
    }

    /// For the work of one stream.
    thread_cache(Resource& upstream, stream_ref stream, thread_cache_options const& options = {})
        requires stream_ordered_resource<Resource>
        : wrapper{upstream}, stream_{stream}, limit_{checked(options).limit_bytes} {
        add_to_keepers();
    }

    thread_cache(thread_cache const&) = delete;
    thread_cache& operator=(thread_cache const&) = delete;
    ~thread_cache() {
        if constexpr (keeper_resource<Resource>) {
            wrapper::upstream().remove_keeper(listener_);
        }
        flush();
    }

    /// Throws what the resource below throws: out_of_memory.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        if (void* const p = cached(bytes, alignment)) [[likely]] {
            return p;
        }
        return fetch(bytes, alignment, [this](request const& asked) {
            if constexpr (stream_ordered_resource<Resource>) {
                if (stream_) {
                    return wrapper::upstream().allocate(*stream_, asked.bytes, asked.alignment);
                }
            }
            return wrapper::upstream().allocate(asked.bytes, asked.alignment);
        });
    }

    /// As `allocate`, but null when there is no memory.
    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (void* const p = cached(bytes, alignment)) [[likely]] {
            return p;
        }
        return fetch(bytes, alignment, [this](request const& asked) noexcept { return get(asked); });
    }

    /// Takes back what this cache, or another one over the same resource, returned for the same size and alignment. Null is
    /// nothing to take back.
    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (p == nullptr) {
            return;
        }
        keep(p, bytes, alignment);
        if (!remote_.empty() || flush_requested_.load(std::memory_order_relaxed)) [[unlikely]] {
            attend();
        }
    }

    /// As `deallocate`, from any thread: the owner finds the block at one of its next calls. No running work uses it any
    /// more. One compare-and-exchange, and a small allocation of the heap.
    void deallocate_remote(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (p != nullptr && !remote_.push(p, bytes, alignment)) {
            auto const asked = from_below(bytes, alignment);
            wrapper::upstream().deallocate(p, asked.bytes, asked.alignment);
        }
    }

    /// Gives all that is kept back to the resource below, also what other threads have given back so far.
    void flush() noexcept {
        flush_requested_.store(false, std::memory_order_relaxed);
        collect();
        for (std::size_t i = 0; i < classes::count; ++i) {
            give_oldest(i, magazines_[i].count);
            magazines_[i].next_batch = 1;
        }
    }

    /// Asks the owner to flush, from any thread: it does at its next deallocation, or when it finds no block. A pool
    /// asks for it when memory is scarce.
    void request_flush() noexcept { flush_requested_.store(true, std::memory_order_relaxed); }

    /// What is kept. Blocks that other threads gave back count from when the owner has found them.
    std::uint64_t cached_bytes() const noexcept { return cached_bytes_.load(std::memory_order_relaxed); }

    /// The bytes of the block that a request takes: those of its class, or its own if it is not cached.
    static constexpr std::size_t block_bytes(std::size_t bytes,
                                             std::size_t alignment = alignof(std::max_align_t)) noexcept {
        return from_below(bytes, alignment).bytes;
    }

    friend bool operator==(thread_cache const& a, thread_cache const& b) noexcept {
        // of two streams, one must not have back early what the other gave up
        return a.stream_ == b.stream_ && (&a.upstream() == &b.upstream() || a.upstream() == b.upstream());
    }

  private:
    using classes = detail::size_classes;

    static constexpr std::size_t capacity = 4 * batch;

    /// The blocks of one class, the latest last.
    struct magazine {
        std::uint32_t count = 0;
        std::uint32_t next_batch =
            1; ///< doubles while the class keeps running out: blocks for one request are none to hoard
        void* blocks[capacity];
    };

    /// Hears from the resource below that memory is wanted.
    struct listener final : memory_keeper {
        explicit listener(thread_cache& owner) noexcept : cache{owner} {}
        void on_memory_wanted() noexcept override { cache.request_flush(); }

        thread_cache& cache;
    };

    struct deaf { // what needs no listener
        explicit deaf(thread_cache&) noexcept {}
    };

    void add_to_keepers() noexcept {
        if constexpr (keeper_resource<Resource>) {
            wrapper::upstream().add_keeper(listener_);
        }
    }

    struct request {
        std::size_t bytes;
        std::size_t alignment;
    };

    static thread_cache_options const& checked(thread_cache_options const& options) {
        validate(options);
        return options;
    }

    static constexpr bool cacheable(std::size_t bytes, std::size_t alignment) noexcept {
        return bytes <= largest_bytes && alignment <= block_alignment;
    }

    /// What the resource below is asked for.
    static constexpr request from_below(std::size_t bytes, std::size_t alignment) noexcept {
        return cacheable(bytes, alignment) ? request{classes::bytes(classes::index(bytes)), block_alignment}
                                           : request{bytes, alignment};
    }

    /// A kept block, or null.
    void* cached(std::size_t bytes, std::size_t alignment) noexcept {
        if (!cacheable(bytes, alignment)) [[unlikely]] {
            return nullptr;
        }
        auto const index = classes::index(bytes);
        auto& from = magazines_[index];
        if (from.count == 0) [[unlikely]] {
            return nullptr;
        }
        add_cached(-classes::bytes(index));
        return from.blocks[--from.count];
    }

    /// Looks at what other threads gave back, then asks below, the last time by `ask` and with nothing kept.
    void* fetch(std::size_t bytes, std::size_t alignment, auto ask) {
        attend();
        if (void* const p = cached(bytes, alignment)) {
            return p;
        }
        auto const asked = from_below(bytes, alignment);
        void* p = nullptr;
        if (cached_bytes() > 0) {
            p = get(asked);
            if (p == nullptr) {
                flush();
            }
        }
        if (p == nullptr) {
            p = ask(asked);
        }
        if (p != nullptr && cacheable(bytes, alignment)) {
            refill(classes::index(bytes));
        }
        return p;
    }

    /// Takes blocks of a class that ran out, besides the one that was asked for.
    void refill(std::size_t index) noexcept {
        auto& to = magazines_[index];
        auto const size = classes::bytes(index);
        auto const wanted = to.next_batch - 1;
        to.next_batch = to.next_batch < batch ? 2 * to.next_batch : batch;
        while (to.count < wanted && cached_bytes() + size <= limit_ / 2) {
            void* const p = get({size, block_alignment});
            if (p == nullptr) {
                to.next_batch = 1;
                return;
            }
            to.blocks[to.count++] = p;
            add_cached(size);
        }
    }

    /// Keeps a block, or gives it back.
    void keep(void* p, std::size_t bytes, std::size_t alignment) noexcept {
        if (!cacheable(bytes, alignment)) [[unlikely]] {
            give(p, bytes, alignment);
            return;
        }
        auto const index = classes::index(bytes);
        auto const size = classes::bytes(index);
        if (cached_bytes() + size > limit_) [[unlikely]] {
            make_room();
            if (cached_bytes() + size > limit_) {
                give(p, size, block_alignment);
                return;
            }
        }
        auto& to = magazines_[index];
        if (to.count == capacity) [[unlikely]] {
            give_oldest(index, batch);
        }
        to.blocks[to.count++] = p;
        add_cached(size);
    }

    /// Gives back half of every class, so that one that is used no more does not take the limit from the others.
    void make_room() noexcept {
        for (std::size_t i = 0; i < classes::count; ++i) {
            give_oldest(i, (magazines_[i].count + 1) / 2);
        }
    }

    void give_oldest(std::size_t index, std::uint32_t count) noexcept {
        auto& from = magazines_[index];
        auto const size = classes::bytes(index);
        for (std::uint32_t i = 0; i < count; ++i) {
            give(from.blocks[i], size, block_alignment);
        }
        from.count -= count;
        for (std::uint32_t i = 0; i < from.count; ++i) {
            from.blocks[i] = from.blocks[i + count];
        }
        add_cached(-(size * count));
    }

    /// Does what other threads asked for.
    void attend() noexcept {
        if (flush_requested_.load(std::memory_order_relaxed)) {
            flush();
        } else {
            collect();
        }
    }

    /// Keeps what other threads gave back.
    void collect() noexcept {
        if (!remote_.empty()) {
            remote_.for_each(remote_.take_all(),
                             [this](auto const& each) { keep(each.block, each.bytes, each.alignment); });
        }
    }

    void* get(request const& asked) noexcept {
        if constexpr (stream_ordered_resource<Resource>) {
            if (stream_) {
                return wrapper::upstream().try_allocate(*stream_, asked.bytes, asked.alignment);
            }
        }
        return wrapper::upstream().try_allocate(asked.bytes, asked.alignment);
    }

    void give(void* p, std::size_t bytes, std::size_t alignment) noexcept {
        if constexpr (stream_ordered_resource<Resource>) {
            if (stream_) {
                wrapper::upstream().deallocate(*stream_, p, bytes, alignment);
                return;
            }
        }
        wrapper::upstream().deallocate(p, bytes, alignment);
    }

    /// Only the owner writes: no read-modify-write is needed. `change` may wrap below zero.
    void add_cached(std::uint64_t change) noexcept {
        cached_bytes_.store(cached_bytes_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
    }

    std::optional<stream_ref> stream_;
    std::uint64_t limit_;
    std::atomic<std::uint64_t> cached_bytes_{0};
    magazine magazines_[classes::count];

    alignas(64) detail::remote_frees remote_; // what other threads write to, on a cache line of its own
    std::atomic<bool> flush_requested_{false};
    [[no_unique_address]] std::conditional_t<keeper_resource<Resource>, listener, deaf> listener_{*this};
};
static_assert(copying_resource<thread_cache<heap_resource>>);

} // namespace orfeas::inline v0::memory
