// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace orfeas_test {

/// Byte `i` of the allocation at `p`: differs between allocations, so that one that overlaps another is noticed. Written
/// and read at every 64th byte and at the last; allocations are whole units of 512 bytes.
inline std::byte pattern(std::byte const* p, std::size_t i) {
    return static_cast<std::byte>(((reinterpret_cast<std::uintptr_t>(p) / 512 + i) * 0x9e37'79b9'7f4a'7c15ULL) >> 56);
}

inline void fill(void* p, std::size_t bytes) {
    auto* const out = static_cast<std::byte*>(p);
    for (std::size_t i = 0; i < bytes; i += 64) {
        out[i] = pattern(out, i);
    }
    out[bytes - 1] = pattern(out, bytes - 1);
}

inline bool intact(void const* p, std::size_t bytes) {
    auto const* const in = static_cast<std::byte const*>(p);
    for (std::size_t i = 0; i < bytes; i += 64) {
        if (in[i] != pattern(in, i)) {
            return false;
        }
    }
    return in[bytes - 1] == pattern(in, bytes - 1);
}

} // namespace orfeas_test
