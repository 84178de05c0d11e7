// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace orfeas::inline v0::memory::detail {

/// Blocks that other threads give back to an owner: a stack that anyone pushes onto and only the owner empties, as a
/// whole. A push is one compare-and-exchange; as nothing is ever popped alone, an address that comes again (ABA) is no
/// danger. The links lie beside the blocks, which may be memory of a device.
/// Thread-safe: `take_all` for the owner alone.
class remote_frees {
  public:
    /// One block, and how many bytes and what alignment it was asked for with.
    struct entry {
        void* block;
        std::size_t bytes;
        std::size_t alignment;
        entry* next;
    };

    remote_frees() = default;
    remote_frees(remote_frees const&) = delete;
    remote_frees& operator=(remote_frees const&) = delete;
    ~remote_frees() {
        for_each(take_all(), [](entry const&) {});
    }

    /// False when there is no memory for the link.
    bool push(void* block, std::size_t bytes, std::size_t alignment) noexcept {
        auto* const added = new (std::nothrow) entry{block, bytes, alignment, nullptr};
        if (added == nullptr) {
            return false;
        }
        added->next = head_.load(std::memory_order_relaxed);
        while (!head_.compare_exchange_weak(added->next, added, std::memory_order_release, std::memory_order_relaxed)) {
        }
        return true;
    }

    bool empty() const noexcept { return head_.load(std::memory_order_relaxed) == nullptr; }

    /// All that was pushed so far, the latest first; for `for_each`.
    entry* take_all() noexcept { return head_.exchange(nullptr, std::memory_order_acquire); }

    /// Calls visit(entry) for what `take_all` answered, and ends it.
    template<class Visit>
    static void for_each(entry* taken, Visit visit) noexcept {
        while (taken != nullptr) {
            auto* const next = taken->next;
            visit(*taken);
            delete taken;
            taken = next;
        }
    }

  private:
    std::atomic<entry*> head_{nullptr};
};

} // namespace orfeas::inline v0::memory::detail
