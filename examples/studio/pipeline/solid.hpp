// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/height_field.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace studio {

/// A point, or a direction of length 1. x to the right, y to the picture's top, z up; lengths in millimetres.
struct vector3 {
    float x;
    float y;
    float z;

    friend bool operator==(vector3, vector3) = default;
};

/// A corner of the surface and its outward normal.
struct vertex {
    vector3 position;
    vector3 normal;
};
static_assert(sizeof(vertex) == 24);

/// Three indices of vertices, counterclockwise seen from outside.
using triangle = std::array<std::uint32_t, 3>;
static_assert(sizeof(triangle) == 12);

/// Lengths of a relief plate in millimetres, all above 0.
struct plate_size {
    double width_mm;
    double depth_mm;
    double base_mm;   ///< height of the lowest point
    double relief_mm; ///< of the highest point above the lowest possible
};

/// The surface of a solid. Where faces with different normals meet, vertices of equal position (to the last bit) stand
/// side by side; with these taken as one, every edge belongs to exactly two triangles, in opposite directions.
/// Thread-compatible (distinct objects).
template<memory_resource R>
struct solid {
    buffer<vertex, R> vertices;
    buffer<triangle, R> triangles;
};

} // namespace studio
