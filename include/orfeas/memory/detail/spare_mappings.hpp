// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <mutex>

namespace orfeas::inline v0::memory::detail {

/// A few mappings of the process, kept to be given up. At vm.max_map_count the system refuses every mmap, also the one
/// that would take a mapping away and give its addresses back to a reservation: without a spare there is no way back.
/// Thread-safe.
class spare_mappings {
  public:
    spare_mappings() noexcept = default;
    ~spare_mappings() { drop(); }
    spare_mappings(spare_mappings const&) = delete;
    spare_mappings& operator=(spare_mappings const&) = delete;

    /// Makes the spare if there is none. False when the system has no mappings left for it: then it has none for others.
    bool ensure() noexcept {
        if (present_.load(std::memory_order_acquire)) {
            return true;
        }
        std::scoped_lock const lock{mutex_};
        return make();
    }

    /// Runs `work` without the spare, and makes it again if that is possible. Answers what `work` answers.
    template<class Work>
    bool spend(Work const& work) noexcept {
        std::scoped_lock const lock{mutex_};
        drop();
        bool const done = work();
        auto const reason = errno;
        make();
        errno = reason;
        return done;
    }

  private:
    static constexpr std::size_t count = 16; // a mapping in the middle of a merged one takes two; others may be faster

    static std::size_t page() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

    /// Neighbours of different protection cannot be merged into one mapping.
    bool make() noexcept {
        if (begin_ != nullptr) {
            return true;
        }
        void* const mapped = ::mmap(nullptr, count * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) {
            return false;
        }
        begin_ = static_cast<std::byte*>(mapped);
        for (std::size_t i = 0; i < count; i += 2) {
            if (::mprotect(begin_ + i * page(), page(), PROT_READ) != 0) {
                drop();
                return false;
            }
        }
        present_.store(true, std::memory_order_release);
        return true;
    }

    void drop() noexcept {
        if (begin_ != nullptr) {
            ::munmap(begin_, count * page());
            begin_ = nullptr;
        }
        present_.store(false, std::memory_order_release);
    }

    std::mutex mutex_;
    std::atomic<bool> present_{false};
    std::byte* begin_ = nullptr;
};

} // namespace orfeas::inline v0::memory::detail
