// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/picture_limits.hpp"
#include "pipeline/stage_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace studio {

/// A decoded picture: one byte of luminance a pixel (0 black, 255 white), row by row from the top left corner.
/// Colour is weighed as in ITU-R BT.601; transparent pixels lie over black, the lowest level of a relief.
/// Thread-compatible (distinct objects).
template<memory_resource R>
class image {
  public:
    /// Takes uninitialised memory for `size.pixels()` bytes from `resource`, which outlives the image.
    image(R& resource, picture_size size)
        : size_{size},
          luminance_{stage_buffer<std::uint8_t>(resource, "decode", static_cast<std::size_t>(size.pixels()))} {}

    picture_size size() const noexcept { return size_; }
    std::uint8_t const* data() const noexcept { return luminance_.data(); }
    std::span<std::uint8_t const> pixels() const noexcept { return {luminance_.data(), luminance_.size()}; }
    std::uint8_t* row(std::uint32_t y) noexcept { return luminance_.data() + std::size_t{y} * size_.width; }
    std::uint8_t const* row(std::uint32_t y) const noexcept { return luminance_.data() + std::size_t{y} * size_.width; }

  private:
    picture_size size_;
    buffer<std::uint8_t, R> luminance_;
};

} // namespace studio
