// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/encoded_mesh.hpp"
#include "pipeline/parameters.hpp"
#include "pipeline/stage_buffer.hpp"

#include <orfeas/cache/codec.hpp>
#include <orfeas/cache/size_hint.hpp>
#include <orfeas/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The meshes' own size is what they charge the cache with.
template<>
struct orfeas::cache::size_hint<studio::encoded_mesh> {
    static std::size_t bytes(studio::encoded_mesh const& mesh) noexcept { return sizeof mesh + mesh.bytes().size(); }
};

namespace studio {

/// A mesh as the bytes that servers keep: the file, and behind it its number of triangles and its format. What is read back
/// lies in memory of the resource, which outlives the meshes.
/// Thread-safe when the resource is.
template<memory_resource R>
class mesh_codec {
  public:
    explicit mesh_codec(R& resource) noexcept : resource_{&resource} {}

    void encode(encoded_mesh const& mesh, std::string& out) const {
        auto const file = mesh.bytes();
        out.reserve(out.size() + file.size() + trailer_bytes + 64); // and what the envelope adds
        out.append(reinterpret_cast<char const*>(file.data()), file.size());
        for (unsigned shift = 0; shift < 32; shift += 8) {
            out.push_back(static_cast<char>(mesh.triangles() >> shift & 0xffU));
        }
        out.push_back(static_cast<char>(mesh.format()));
    }

    /// Empty for bytes that are no mesh, and while there is no memory for one: it is then made anew.
    std::optional<encoded_mesh> decode(std::string_view bytes) const {
        if (bytes.size() < trailer_bytes) {
            return std::nullopt;
        }
        auto const trailer = bytes.substr(bytes.size() - trailer_bytes);
        auto const file = bytes.substr(0, bytes.size() - trailer_bytes);
        std::uint32_t triangles = 0;
        for (unsigned byte = 0; byte < 4; ++byte) {
            triangles |= std::uint32_t{static_cast<std::uint8_t>(trailer[byte])} << 8 * byte;
        }
        auto const format = static_cast<std::uint8_t>(trailer[4]);
        if (!is_file(file, format, triangles)) {
            return std::nullopt;
        }
        try {
            auto kept = stage_buffer<std::byte>(*resource_, "fetch", file.size());
            std::memcpy(kept.data(), file.data(), file.size());
            return encoded_mesh{std::move(kept), static_cast<mesh_format>(format), triangles};
        } catch (std::bad_alloc const&) {
            return std::nullopt;
        }
    }

  private:
    static constexpr std::size_t trailer_bytes = 5;

    /// Whether a file's size or name fits to what is said of it.
    static bool is_file(std::string_view file, std::uint8_t format, std::uint32_t triangles) {
        if (format == static_cast<std::uint8_t>(mesh_format::stl)) {
            constexpr std::size_t head = 84;
            return file.size() == head + std::size_t{triangles} * 50;
        }
        return format == static_cast<std::uint8_t>(mesh_format::glb) && file.starts_with("glTF");
    }

    R* resource_;
};
static_assert(orfeas::cache::codec<mesh_codec<orfeas::memory::pool>, encoded_mesh>);

} // namespace studio
