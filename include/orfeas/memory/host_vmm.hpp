// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/host_memory.hpp>
#include <orfeas/memory/error.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// A quarter of the memory that the process may use, at least 64 MiB.
inline std::uint64_t default_host_capacity() noexcept {
    return std::max(detail::usable_memory_bytes() / 4, std::uint64_t{64} << 20);
}

/// Host memory as a device of a configured capacity: real pages that take physical memory only when they are touched.
/// The capacity is this backend's own budget; what else the machine runs is not looked at. Copies share one budget.
/// Thread-safe.
class host_vmm {
  public:
    explicit host_vmm(std::uint64_t capacity_bytes = default_host_capacity())
        : state_{std::make_shared<state>(capacity_bytes)} {}

    /// Whole pages at a multiple of 2 MiB, or of the page size for less than 2 MiB.
    void* allocate(std::size_t bytes) const {
        auto const pages = whole_pages(bytes);
        if (!state_->take(pages)) {
            throw backend_error{error::out_of_memory, "host_vmm::allocate", 0,
                                "host memory: no room for " + format_bytes(bytes) + " in the capacity of " +
                                    format_bytes(state_->capacity) + "; raise the capacity"};
        }
        if (void* const p = detail::map_lazily(pages)) {
            return p;
        }
        auto const reason = errno;
        state_->give(pages);
        throw backend_error{reason == ENOMEM ? error::out_of_memory : error::call_failed, "mmap", reason,
                            failed("mmap", bytes, reason)};
    }

    void deallocate(void* p, std::size_t bytes) const {
        auto const pages = whole_pages(bytes);
        if (::munmap(p, pages) != 0) {
            auto const reason = errno;
            throw backend_error{error::call_failed, "munmap", reason, failed("munmap", bytes, reason)};
        }
        state_->give(pages);
    }

    backend_info info() const noexcept {
        return {state_->capacity, state_->capacity - state_->used.load(std::memory_order_relaxed)};
    }

    void copy_in(void* to, void const* from, std::size_t bytes) const noexcept { copy(to, from, bytes); }
    void copy_out(void* to, void const* from, std::size_t bytes) const noexcept { copy(to, from, bytes); }
    void make_current() const noexcept {}
    bool host_accessible() const noexcept { return true; }
    std::string_view name() const noexcept { return "host memory"; }
    device_kind kind() const noexcept { return device_kind::host; }

    friend bool operator==(host_vmm const&, host_vmm const&) noexcept = default;

  private:
    struct state {
        explicit state(std::uint64_t bytes) noexcept : capacity{bytes} {}

        bool take(std::uint64_t bytes) noexcept {
            auto now = used.load(std::memory_order_relaxed);
            do {
                if (bytes > capacity - now) {
                    return false;
                }
            } while (!used.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
            return true;
        }
        void give(std::uint64_t bytes) noexcept { used.fetch_sub(bytes, std::memory_order_relaxed); }

        std::uint64_t const capacity;
        std::atomic<std::uint64_t> used{0};
    };

    static std::size_t whole_pages(std::size_t bytes) noexcept {
        static auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        ORFEAS_ASSERT(bytes > 0 && bytes <= SIZE_MAX / 2, "ask a backend for a size that can exist");
        return (bytes + page - 1) / page * page;
    }

    static std::string failed(char const* call, std::size_t bytes, int reason) {
        return std::string{call} + " of " + format_bytes(bytes) + " of host memory failed: " + std::strerror(reason) +
               " (errno " + std::to_string(reason) + "); see vm.max_map_count, vm.overcommit_memory and ulimit -v";
    }

    static void copy(void* to, void const* from, std::size_t bytes) noexcept {
        if (bytes != 0) {
            std::memcpy(to, from, bytes); // memcpy of nothing still asks for valid pointers
        }
    }

    std::shared_ptr<state> state_;
};
static_assert(memory_backend<host_vmm>);

} // namespace orfeas::inline v0::memory
