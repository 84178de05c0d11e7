// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/host_memory.hpp>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::memory::detail {

/// Whether the process may lock memory whatever its limit says (CAP_IPC_LOCK).
inline bool may_lock_without_limit() noexcept {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3]{};
    return ::syscall(SYS_capget, &header, held) == 0 && (held[0].effective >> CAP_IPC_LOCK & 1U) != 0;
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
