// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>

namespace orfeas::inline v0::memory::detail {

/// The limit of the control group (version 2) that the process runs in, as a container sees it; 2^64 - 1 without one.
inline std::uint64_t control_group_limit() noexcept {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen("/sys/fs/cgroup/memory.max", "re"),
                                                               [](std::FILE* f) { return std::fclose(f); }};
    unsigned long long limit = 0;
    return file && std::fscanf(file.get(), "%llu", &limit) == 1 ? limit : UINT64_MAX;
}

/// The memory that this process may count on: the machine's, or the container's if that is less.
inline std::uint64_t usable_memory_bytes() noexcept {
    auto const pages = ::sysconf(_SC_PHYS_PAGES);
    auto const page = ::sysconf(_SC_PAGESIZE);
    auto const machine =
        pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) : 0;
    return std::min(machine, control_group_limit());
}

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// Maps anonymous pages, aligned to a huge page where they fill one; null with errno on failure. They take physical
/// memory only when they are touched. `bytes` is a multiple of the page size, `protection` one of mmap's.
inline void* map_aligned(std::size_t bytes, int protection) noexcept {
    auto const slack = bytes >= huge_page_bytes ? huge_page_bytes : 0;
    if (bytes > SIZE_MAX - slack) {
        errno = ENOMEM;
        return nullptr;
    }
    void* const mapped = ::mmap(nullptr, bytes + slack, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        return nullptr;
    }
    if (slack == 0) {
        return mapped;
    }
    auto* const begin = static_cast<std::byte*>(mapped);
    auto const misalignment = reinterpret_cast<std::uintptr_t>(begin) % huge_page_bytes;
    auto const before = (huge_page_bytes - misalignment) % huge_page_bytes;
    if (before > 0) {
        ::munmap(begin, before);
    }
    ::munmap(begin + before + bytes, slack - before);
    return begin + before;
}

/// Zeroed memory for the host.
inline void* map_lazily(std::size_t bytes) noexcept {
    return map_aligned(bytes, PROT_READ | PROT_WRITE);
}

/// Addresses that nothing else will be mapped at, and that nobody may touch.
inline void* reserve_range(std::size_t bytes) noexcept {
    return map_aligned(bytes, PROT_NONE);
}

/// Makes the range as `reserve_range` left it; what was mapped in it is gone. False with errno on failure.
inline bool back_to_reserved(void* begin, std::size_t bytes) noexcept {
    return ::mmap(begin, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) !=
           MAP_FAILED;
}

} // namespace orfeas::inline v0::memory::detail
