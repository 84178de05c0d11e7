// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>

namespace orfeas::inline v0::memory::detail {

/// The 32 sizes of blocks that a thread cache keeps: 512, 1024, 1536 and 2048 bytes, then four to each power of two up to
/// 256 KiB. A request above 2 KiB takes a block at most a quarter larger.
struct size_classes {
    static constexpr std::size_t count = 32;
    static constexpr std::size_t unit_bytes = 512;
    static constexpr std::size_t largest_bytes = std::size_t{256} << 10;

    /// The class of the smallest block that has `bytes`, at most largest_bytes.
    static constexpr std::size_t index(std::size_t bytes) noexcept {
        auto const last = (bytes == 0 ? 0 : bytes - 1) / unit_bytes; // the unit that the last byte is in
        if (last < 4) {
            return last;
        }
        auto const power = static_cast<std::size_t>(std::bit_width(last)); // from 3
        return 4 * (power - 2) + ((last >> (power - 3)) & 3);
    }

    static constexpr std::size_t bytes(std::size_t index) noexcept {
        return index < 4 ? (index + 1) * unit_bytes : (index % 4 + 5) * unit_bytes << (index / 4 - 1);
    }
};
static_assert(size_classes::index(size_classes::largest_bytes) == size_classes::count - 1);
static_assert(size_classes::bytes(size_classes::count - 1) == size_classes::largest_bytes);

} // namespace orfeas::inline v0::memory::detail
