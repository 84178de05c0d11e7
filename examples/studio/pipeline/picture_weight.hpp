// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/decode.hpp"
#include "pipeline/height_field.hpp"
#include "pipeline/parameters.hpp"
#include "pipeline/picture_error.hpp"
#include "pipeline/picture_limits.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace studio {

/// Bytes that a batch keeps of a picture while others are decoded and estimated: its pixels, and the heights over its grid.
/// What a batch allocates is near the sum of its pictures' weights and the working memory of one.
inline std::uint64_t weight_of(picture_size picture, grid_size grid) noexcept {
    return picture.pixels() + sizeof(float) * grid.points();
}

/// The weight that a picture file will have, from its header; 0 if that cannot be read, as decoding will say.
/// Throws std::bad_alloc.
/// Thread-safe.
inline std::uint64_t weight_of(std::span<std::byte const> picture, parameters const& asked,
                               picture_limits const& limits = {}) {
    try {
        auto const size = read_size(picture, limits);
        return weight_of(size, grid_over(size, asked.resolution));
    } catch (bad_picture const&) {
        return 0;
    }
}

} // namespace studio
