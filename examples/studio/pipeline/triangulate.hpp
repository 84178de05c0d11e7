// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/height_field.hpp"
#include "pipeline/solid.hpp"

#include <orfeas/core/assert.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace studio {

/// Points on the rim of a grid.
constexpr std::size_t rim_points(grid_size grid) noexcept {
    return 2 * (std::size_t{grid.columns} + grid.rows) - 4;
}

/// Vertices of a plate: the top, four walls of two rows each, the bottom's rim and its middle.
constexpr std::size_t plate_vertices(grid_size grid) noexcept {
    return grid.points() + 4 * (std::size_t{grid.columns} + grid.rows) + rim_points(grid) + 1;
}

/// Triangles of a plate: two a cell of the top, two a step of the rim for the walls and one for the bottom.
constexpr std::size_t plate_triangles(grid_size grid) noexcept {
    return 2 * std::size_t{grid.columns - 1} * (grid.rows - 1) + 3 * rim_points(grid);
}

namespace detail {

/// Writes a plate's vertices and triangles front to back into memory of the exact size.
class plate_builder {
  public:
    plate_builder(grid_size grid, plate_size size, vertex* vertices, triangle* triangles) noexcept
        : grid_{grid}, size_{size}, top_{vertices}, vertices_{vertices}, triangles_{triangles} {}

    void build(float const* heights) {
        add_top_points(heights);
        add_top_normals();
        add_top_triangles();
        // the rim, counterclockwise seen from above
        auto const east = std::ptrdiff_t{1};
        auto const south = static_cast<std::ptrdiff_t>(grid_.columns);
        auto const last_column = static_cast<std::size_t>(grid_.columns - 1);
        auto const last_row = grid_.points() - grid_.columns;
        add_wall(last_row, east, grid_.columns, {0, -1, 0});
        add_wall(last_row + last_column, -south, grid_.rows, {1, 0, 0});
        add_wall(last_column, -east, grid_.columns, {0, 1, 0});
        add_wall(0, south, grid_.rows, {-1, 0, 0});
        add_bottom();
    }

    vertex const* end_of_vertices() const noexcept { return vertices_; }
    triangle const* end_of_triangles() const noexcept { return triangles_; }

  private:
    void add_top_points(float const* heights) {
        double const step_x = size_.width_mm / (grid_.columns - 1);
        double const step_y = size_.depth_mm / (grid_.rows - 1);
        auto const base = static_cast<float>(size_.base_mm);
        auto const relief = static_cast<float>(size_.relief_mm);
        for (std::uint32_t j = 0; j < grid_.rows; ++j) {
            auto const y = static_cast<float>(step_y * (grid_.rows - 1 - j));
            for (std::uint32_t i = 0; i < grid_.columns; ++i, ++vertices_, ++heights) {
                vertices_->position = {static_cast<float>(step_x * i), y, base + relief * *heights};
            }
        }
    }

    /// Normals of a height field from central differences, one-sided at the rim.
    void add_top_normals() {
        auto const columns = std::size_t{grid_.columns};
        for (std::uint32_t j = 0; j < grid_.rows; ++j) {
            vertex* const row = top_ + j * columns;
            vertex const* const above = j > 0 ? row - columns : row;
            vertex const* const below = j + 1 < grid_.rows ? row + columns : row;
            for (std::uint32_t i = 0; i < grid_.columns; ++i) {
                auto const& left = row[i > 0 ? i - 1 : i].position;
                auto const& right = row[i + 1 < grid_.columns ? i + 1 : i].position;
                auto const& up = above[i].position;
                auto const& down = below[i].position;
                float const slope_x = (right.z - left.z) / (right.x - left.x);
                float const slope_y = (up.z - down.z) / (up.y - down.y);
                float const scale = 1.0F / std::sqrt(slope_x * slope_x + slope_y * slope_y + 1.0F);
                row[i].normal = {-slope_x * scale, -slope_y * scale, scale};
            }
        }
    }

    /// Two triangles a cell, along the diagonal that bends the surface less.
    void add_top_triangles() {
        for (std::uint32_t j = 0; j + 1 < grid_.rows; ++j) {
            for (std::uint32_t i = 0; i + 1 < grid_.columns; ++i) {
                std::uint32_t const north_west = j * grid_.columns + i;
                std::uint32_t const north_east = north_west + 1;
                std::uint32_t const south_west = north_west + grid_.columns;
                std::uint32_t const south_east = south_west + 1;
                if (drop(south_west, north_east) <= drop(south_east, north_west)) {
                    add(south_west, south_east, north_east);
                    add(south_west, north_east, north_west);
                } else {
                    add(south_east, north_west, south_west);
                    add(south_east, north_east, north_west);
                }
            }
        }
    }

    float drop(std::uint32_t a, std::uint32_t b) const noexcept {
        return std::abs(top_[a].position.z - top_[b].position.z);
    }

    /// A vertical wall under `count` top points, from point `first` on by `step`.
    void add_wall(std::size_t first, std::ptrdiff_t step, std::uint32_t count, vector3 normal) {
        std::uint32_t const low = index(vertices_);
        vertex const* from = top_ + first;
        for (std::uint32_t i = 0; i < count; ++i, vertices_ += 2, from += i < count ? step : 0) {
            vertices_[0] = {{from->position.x, from->position.y, 0}, normal};
            vertices_[1] = {from->position, normal};
        }
        for (std::uint32_t i = 0; i + 1 < count; ++i) {
            std::uint32_t const at = low + 2 * i;
            add(at, at + 2, at + 3);
            add(at, at + 3, at + 1);
        }
    }

    /// A fan from the bottom's middle to its rim: the walls' lower points, which lie every second vertex after the top.
    void add_bottom() {
        vector3 const down{0, 0, -1};
        std::uint32_t const first = index(vertices_);
        vertex const* wall = top_ + grid_.points();
        for (std::uint32_t const count : {grid_.columns, grid_.rows, grid_.columns, grid_.rows}) {
            for (std::uint32_t i = 0; i + 1 < count; ++i) { // the last one begins the next wall
                *vertices_++ = {wall[std::size_t{2} * i].position, down};
            }
            wall += std::size_t{2} * count;
        }
        std::uint32_t const middle = index(vertices_);
        *vertices_++ = {{static_cast<float>(size_.width_mm / 2), static_cast<float>(size_.depth_mm / 2), 0}, down};
        for (std::uint32_t i = first; i < middle; ++i) {
            add(middle, i + 1 < middle ? i + 1 : first, i);
        }
    }

    std::uint32_t index(vertex const* at) const noexcept { return static_cast<std::uint32_t>(at - top_); }
    void add(std::uint32_t a, std::uint32_t b, std::uint32_t c) noexcept { *triangles_++ = {a, b, c}; }

    grid_size grid_;
    plate_size size_;
    vertex* top_;
    vertex* vertices_;
    triangle* triangles_;
};

} // namespace detail

/// The closed surface of a printable plate whose top follows the heights: top, four vertical walls, flat bottom at z = 0.
/// Time and memory are linear in the grid's points. Throws what `resource` throws.
/// Thread-safe.
template<memory_resource R>
solid<R> triangulate(R& resource, height_field<R> const& field, plate_size size) {
    auto const grid = field.size();
    ORFEAS_ASSERT(grid.columns >= 2 && grid.rows >= 2, "a solid needs a grid of at least 2 x 2 points");
    ORFEAS_ASSERT(size.width_mm > 0 && size.depth_mm > 0 && size.base_mm > 0, "a solid has positive lengths");
    solid<R> out{stage_buffer<vertex>(resource, "triangulate", plate_vertices(grid)),
                 stage_buffer<triangle>(resource, "triangulate", plate_triangles(grid))};
    detail::plate_builder builder{grid, size, out.vertices.data(), out.triangles.data()};
    builder.build(field.data());
    ORFEAS_ASSERT(builder.end_of_vertices() == out.vertices.data() + out.vertices.size() &&
                      builder.end_of_triangles() == out.triangles.data() + out.triangles.size(),
                  "the builder fills what was counted");
    return out;
}

} // namespace studio
