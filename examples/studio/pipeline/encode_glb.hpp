// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/solid.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace studio {

namespace detail {

static_assert(std::endian::native == std::endian::little, "the encoders write the machine's own byte order");

/// A point of the solid in glTF's axes and unit: y up, z towards the viewer, metres.
inline vector3 gltf_position(vector3 p) noexcept {
    return {p.x * 0.001F, p.z * 0.001F, 0.0F - p.y * 0.001F};
}
inline vector3 gltf_normal(vector3 n) noexcept {
    return {n.x, n.z, 0.0F - n.y};
}

/// The smallest box around a solid's points, in glTF's axes: the accessor's exact bounds.
struct gltf_box {
    vector3 low;
    vector3 high;
};

template<memory_resource R>
gltf_box gltf_bounds(solid<R> const& from) {
    vector3 const first = gltf_position(from.vertices.data()->position);
    gltf_box box{first, first};
    for (vertex const& each : from.vertices.span()) {
        vector3 const p = gltf_position(each.position);
        box.low = {std::min(box.low.x, p.x), std::min(box.low.y, p.y), std::min(box.low.z, p.z)};
        box.high = {std::max(box.high.x, p.x), std::max(box.high.y, p.y), std::max(box.high.z, p.z)};
    }
    return box;
}

inline std::string json_array(vector3 v) {
    std::string text = "[";
    for (float const value : {v.x, v.y, v.z}) {
        char digits[32];
        auto const [end, error] = std::to_chars(digits, digits + sizeof digits, value);
        text.append(text.size() > 1 ? "," : "").append(digits, end);
    }
    return text.append("]");
}

/// The JSON chunk, padded with spaces to a multiple of four bytes: one mesh of one primitive, whose vertices lie
/// interleaved before its indices.
inline std::string gltf_json(std::size_t vertices, std::size_t triangles, gltf_box const& box) {
    auto const vertex_bytes = std::to_string(vertices * sizeof(vertex));
    auto const index_bytes = std::to_string(triangles * sizeof(triangle));
    auto const count = std::to_string(vertices);
    std::string json = R"({"asset":{"version":"2.0","generator":"orfeas studio"},"scene":0,"scenes":[{"nodes":[0]}],)"
                       R"("nodes":[{"mesh":0,"name":"relief"}],"meshes":[{"primitives":[{"attributes":)"
                       R"({"POSITION":0,"NORMAL":1},"indices":2,"material":0}]}],"materials":[{"pbrMetallicRoughness":)"
                       R"({"metallicFactor":0,"roughnessFactor":0.8}}],"buffers":[{"byteLength":)";
    json += std::to_string(vertices * sizeof(vertex) + triangles * sizeof(triangle));
    json += R"(}],"bufferViews":[{"buffer":0,"byteLength":)" + vertex_bytes + R"(,"byteStride":24,"target":34962},)";
    json += R"({"buffer":0,"byteOffset":)" + vertex_bytes + R"(,"byteLength":)" + index_bytes;
    json += R"(,"target":34963}],"accessors":[{"bufferView":0,"componentType":5126,"type":"VEC3","count":)" + count;
    json += R"(,"min":)" + json_array(box.low) + R"(,"max":)" + json_array(box.high);
    json += R"(},{"bufferView":0,"byteOffset":12,"componentType":5126,"type":"VEC3","count":)" + count;
    json +=
        R"(},{"bufferView":1,"componentType":5125,"type":"SCALAR","count":)" + std::to_string(3 * triangles) + "}]}";
    json.resize((json.size() + 3) / 4 * 4, ' ');
    return json;
}

/// Appends to memory that the caller sized.
class byte_writer {
  public:
    explicit byte_writer(std::byte* to) noexcept : to_{to} {}

    void put(void const* from, std::size_t bytes) noexcept {
        std::memcpy(to_, from, bytes);
        to_ += bytes;
    }
    void put(std::uint32_t value) noexcept { put(&value, sizeof value); }

  private:
    std::byte* to_;
};

} // namespace detail

/// Writes the solid as binary glTF 2.0 (Khronos) into memory of exactly that size: indexed positions and normals in
/// metres, y up, the plate lying on the ground. Throws what `resource` throws.
/// Thread-safe.
template<memory_resource R, memory_resource S>
buffer<std::byte, R> encode_glb(R& resource, solid<S> const& from) {
    auto const json = detail::gltf_json(from.vertices.size(), from.triangles.size(), detail::gltf_bounds(from));
    std::size_t const binary = from.vertices.size_bytes() + from.triangles.size_bytes();
    std::size_t const total = 12 + 8 + json.size() + 8 + binary;
    auto out = stage_buffer<std::byte>(resource, "encode", total);
    detail::byte_writer to{out.data()};
    to.put("glTF", 4);
    to.put(2);
    to.put(static_cast<std::uint32_t>(total));
    to.put(static_cast<std::uint32_t>(json.size()));
    to.put("JSON", 4);
    to.put(json.data(), json.size());
    to.put(static_cast<std::uint32_t>(binary));
    to.put("BIN", 4); // with the literal's final zero
    for (vertex const& each : from.vertices.span()) {
        vertex const turned{detail::gltf_position(each.position), detail::gltf_normal(each.normal)};
        to.put(&turned, sizeof turned);
    }
    to.put(from.triangles.data(), from.triangles.size_bytes());
    return out;
}

} // namespace studio
