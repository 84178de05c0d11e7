// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/image.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace studio {

/// Points of a grid along x and y, each at least 2.
struct grid_size {
    std::uint32_t columns = 0;
    std::uint32_t rows = 0;

    constexpr std::size_t points() const noexcept { return std::size_t{columns} * rows; }
    friend bool operator==(grid_size, grid_size) = default;
};

/// The grid over a picture: `resolution` points along its longer side, in proportion along the other.
inline grid_size grid_over(picture_size picture, std::uint32_t resolution) noexcept {
    auto const [shorter, longer] = std::minmax(picture.width, picture.height);
    double const proportion = static_cast<double>(shorter) / static_cast<double>(longer);
    auto const other = std::max(2U, static_cast<std::uint32_t>(std::lround(resolution * proportion)));
    return picture.width >= picture.height ? grid_size{resolution, other} : grid_size{other, resolution};
}

/// Heights between 0 (lowest) and 1 (highest) over a grid, row by row from the picture's top left corner.
/// Thread-compatible (distinct objects).
template<memory_resource R>
class height_field {
  public:
    /// Takes uninitialised memory from `resource`, which outlives the field.
    height_field(R& resource, grid_size size)
        : size_{size}, heights_{stage_buffer<float>(resource, "relief", size.points())} {}

    grid_size size() const noexcept { return size_; }
    float* data() noexcept { return heights_.data(); }
    float const* data() const noexcept { return heights_.data(); }
    std::span<float> values() noexcept { return heights_.span(); }
    std::span<float const> values() const noexcept { return heights_.span(); }
    float at(std::uint32_t column, std::uint32_t row) const noexcept {
        return heights_.data()[std::size_t{row} * size_.columns + column];
    }

  private:
    grid_size size_;
    buffer<float, R> heights_;
};

} // namespace studio
