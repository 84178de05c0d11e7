// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/host_memory.hpp>

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>

namespace orfeas::inline v0::memory::detail {

/// Whether the process may lock memory whatever its limit says (CAP_IPC_LOCK).
inline bool may_lock_without_limit() noexcept {
    constexpr int ipc_lock = 14; // its number in linux/capability.h
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen("/proc/self/status", "re"),
                                                               [](std::FILE* f) { return std::fclose(f); }};
    char line[256];
    unsigned long long effective = 0;
    while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
        if (std::sscanf(line, "CapEff: %llx", &effective) == 1) {
            break;
        }
    }
    return (effective >> ipc_lock & 1U) != 0;
}

/// How much memory the process may lock at most (`ulimit -l`); 2^64 - 1 without a limit.
inline std::uint64_t lockable_bytes() noexcept {
    rlimit limit{};
    if (may_lock_without_limit() || ::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return UINT64_MAX;
    }
    return limit.rlim_cur;
}

/// Zeroed pages that are in memory and stay there; null with errno on failure. `bytes` is a multiple of the page size.
inline void* map_locked(std::size_t bytes) noexcept {
    void* const p = map_lazily(bytes);
    if (p != nullptr && ::mlock(p, bytes) != 0) {
        auto const reason = errno;
        ::munmap(p, bytes);
        errno = reason;
        return nullptr;
    }
    return p;
}

} // namespace orfeas::inline v0::memory::detail
