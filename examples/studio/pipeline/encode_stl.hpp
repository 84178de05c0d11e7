// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/solid.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace studio {

namespace detail {

static_assert(std::endian::native == std::endian::little, "the encoders write the machine's own byte order");

inline constexpr std::size_t stl_header_bytes = 80;
inline constexpr std::size_t stl_triangle_bytes = 50; // normal, three corners, two bytes of attributes
/// Must not begin with "solid", by which readers tell the text format.
inline constexpr std::string_view stl_header = "orfeas studio: binary STL, millimetres";

/// The normal of a triangle, from its corners counterclockwise; zero when it has no area.
inline vector3 facet_normal(vector3 a, vector3 b, vector3 c) noexcept {
    vector3 const u{b.x - a.x, b.y - a.y, b.z - a.z};
    vector3 const v{c.x - a.x, c.y - a.y, c.z - a.z};
    vector3 const n{u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x};
    float const squared = n.x * n.x + n.y * n.y + n.z * n.z;
    float const scale = squared > 0 ? 1.0F / std::sqrt(squared) : 0.0F;
    return {n.x * scale, n.y * scale, n.z * scale};
}

} // namespace detail

/// Bytes of a binary STL file of so many triangles.
constexpr std::size_t stl_bytes(std::size_t triangles) noexcept {
    return detail::stl_header_bytes + sizeof(std::uint32_t) + detail::stl_triangle_bytes * triangles;
}

/// Writes the solid as binary STL (3D Systems, 1989) into memory of exactly that size, in one pass.
/// Throws what `resource` throws.
/// Thread-safe.
template<memory_resource R, memory_resource S>
buffer<std::byte, R> encode_stl(R& resource, solid<S> const& from) {
    auto const count = static_cast<std::uint32_t>(from.triangles.size());
    auto out = stage_buffer<std::byte>(resource, "encode", stl_bytes(count));
    std::byte* to = out.data();
    std::memset(to, 0, detail::stl_header_bytes);
    std::memcpy(to, detail::stl_header.data(), detail::stl_header.size());
    std::memcpy(to + detail::stl_header_bytes, &count, sizeof count);
    to += detail::stl_header_bytes + sizeof count;
    vertex const* const vertices = from.vertices.data();
    for (triangle const& each : from.triangles.span()) {
        vector3 const& a = vertices[each[0]].position;
        vector3 const& b = vertices[each[1]].position;
        vector3 const& c = vertices[each[2]].position;
        vector3 const normal = detail::facet_normal(a, b, c);
        // each straight to its place: put together first, the wide copy would wait for the narrow stores
        std::memcpy(to, &normal, sizeof normal);
        std::memcpy(to + 12, &a, sizeof a);
        std::memcpy(to + 24, &b, sizeof b);
        std::memcpy(to + 36, &c, sizeof c);
        std::memset(to + 48, 0, 2);
        to += detail::stl_triangle_bytes;
    }
    return out;
}

} // namespace studio
