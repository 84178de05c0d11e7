// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/host_memory.hpp>
#include <orfeas/memory/detail/memory_file.hpp>
#include <orfeas/memory/detail/spare_mappings.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/stream_ref.hpp>

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
/// The capacity is this backend's own budget for plain memory and for created physical memory together; what else the
/// machine runs is not looked at. Copies share one budget.
///
/// Virtual memory management is real: the same physical memory shows at several addresses. It is shared with children of
/// fork(), unlike plain memory. Mappings count against vm.max_map_count (65 530 by default), two for each granule in the
/// worst order; `map` fails shortly before it is reached, and what is mapped can still be unmapped. Streams are synchronous: every fence has passed when it is recorded.
///
/// Errors: backend_error that names the call, the system's code and what to do.
/// Thread-safe.
class host_vmm {
  public:
    explicit host_vmm(std::uint64_t capacity_bytes = default_host_capacity())
        : state_{std::make_shared<state>(capacity_bytes)} {}

    /// Whole pages at a multiple of 2 MiB, or of the page size for less than 2 MiB.
    void* allocate(std::size_t bytes) const {
        auto const pages = whole_pages(bytes);
        take("host_vmm::allocate", pages);
        if (void* const p = detail::map_lazily(pages)) {
            return p;
        }
        auto const reason = errno;
        state_->give(pages);
        fail(reason == ENOMEM ? error::out_of_memory : error::call_failed, "mmap", bytes, reason);
    }

    void deallocate(void* p, std::size_t bytes) const {
        auto const pages = whole_pages(bytes);
        if (::munmap(p, pages) != 0) {
            fail(error::call_failed, "munmap", bytes, errno);
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

    /// 2 MiB; 0 where the system refuses memfd_create.
    std::uint64_t granule_bytes() const noexcept { return state_->file.is_open() ? granule : 0; }

    std::uintptr_t reserve_addresses(std::uint64_t bytes) const {
        check_vmm("host_vmm::reserve_addresses", bytes);
        void* const p = detail::reserve_range(bytes);
        if (p == nullptr) {
            fail(error::call_failed, "mmap", bytes, errno);
        }
        return reinterpret_cast<std::uintptr_t>(p);
    }

    void release_addresses(std::uintptr_t address, std::uint64_t bytes) const {
        check_vmm("host_vmm::release_addresses", bytes, address);
        if (::munmap(pointer(address), bytes) != 0) {
            fail(error::call_failed, "munmap", bytes, errno);
        }
    }

    /// Reads as zero.
    physical_memory create(std::uint64_t bytes) const {
        check_vmm("host_vmm::create", bytes);
        take("host_vmm::create", bytes);
        auto const offset = state_->file.take(bytes);
        if (offset == 0) {
            state_->give(bytes);
            throw backend_error{error::out_of_memory, "host_vmm::create", 0,
                                "host memory: the process may not have larger files; raise RLIMIT_FSIZE (ulimit -f)"};
        }
        return {offset};
    }

    void destroy(physical_memory memory, std::uint64_t bytes) const {
        check_vmm("host_vmm::destroy", bytes, memory.value);
        if (!state_->file.give(memory.value, bytes)) {
            fail(error::call_failed, "fallocate", bytes, errno);
        }
        state_->give(bytes);
    }

    void map(std::uintptr_t address, std::uint64_t bytes, physical_memory memory) const {
        check_vmm("host_vmm::map", bytes, address);
        if (!state_->spare.ensure() || !state_->file.map(pointer(address), bytes, memory.value)) {
            fail(error::call_failed, "mmap", bytes, errno);
        }
    }

    void allow_access(std::uintptr_t address, std::uint64_t bytes) const {
        check_vmm("host_vmm::allow_access", bytes, address);
        if (::mprotect(pointer(address), bytes, PROT_READ | PROT_WRITE) != 0) {
            fail(error::call_failed, "mprotect", bytes, errno);
        }
    }

    void unmap(std::uintptr_t address, std::uint64_t bytes) const {
        check_vmm("host_vmm::unmap", bytes, address);
        auto const work = [&]() noexcept { return detail::back_to_reserved(pointer(address), bytes); };
        if (!work() && !state_->spare.spend(work)) {
            fail(error::call_failed, "mmap", bytes, errno);
        }
    }

    fence record(stream_ref) const noexcept { return {}; }
    bool passed(fence) const noexcept { return true; }
    void make_wait(stream_ref, fence) const noexcept {}
    void wait(fence) const noexcept {}
    void forget(fence) const noexcept {}

    friend bool operator==(host_vmm const&, host_vmm const&) noexcept = default;

  private:
    static constexpr std::uint64_t granule = detail::huge_page_bytes;

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
        detail::memory_file file;
        detail::spare_mappings spare;
    };

    static std::size_t whole_pages(std::size_t bytes) noexcept {
        static auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        ORFEAS_ASSERT(bytes > 0 && bytes <= SIZE_MAX / 2, "ask a backend for a size that can exist");
        return (bytes + page - 1) / page * page;
    }

    static void* pointer(std::uintptr_t address) noexcept { return reinterpret_cast<void*>(address); }

    void take(char const* call, std::uint64_t bytes) const {
        if (!state_->take(bytes)) {
            throw backend_error{error::out_of_memory, call, 0,
                                "host memory: no room for " + format_bytes(bytes) + " in the capacity of " +
                                    format_bytes(state_->capacity) + "; raise the capacity"};
        }
    }

    void check_vmm(char const* call, std::uint64_t bytes, std::uint64_t address = 0) const {
        if (!state_->file.is_open()) {
            throw backend_error{error::unavailable, call, 0,
                                "host memory cannot be mapped twice here: memfd_create is refused; allow it in the "
                                "sandbox (seccomp), or go without virtual memory management"};
        }
        ORFEAS_ASSERT(bytes > 0 && bytes % granule == 0 && address % granule == 0,
                      "sizes and addresses of virtual memory management are multiples of granule_bytes()");
    }

    [[noreturn]] static void fail(error why, char const* call, std::uint64_t bytes, int reason) {
        throw backend_error{why, call, reason,
                            std::string{call} + " of " + format_bytes(bytes) +
                                " of host memory failed: " + std::strerror(reason) + " (errno " +
                                std::to_string(reason) + "); see vm.max_map_count, vm.overcommit_memory and ulimit -v"};
    }

    static void copy(void* to, void const* from, std::size_t bytes) noexcept {
        if (bytes != 0) {
            std::memcpy(to, from, bytes); // memcpy of nothing still asks for valid pointers
        }
    }

    std::shared_ptr<state> state_;
};
static_assert(vmm_backend<host_vmm> && fence_backend<host_vmm>);

} // namespace orfeas::inline v0::memory
