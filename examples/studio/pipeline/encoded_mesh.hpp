// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/image.hpp"
#include "pipeline/parameters.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace studio {

/// A finished mesh file: immutable bytes with shared ownership, so that a cache and any number of answers hold it without
/// a copy. The resource that the bytes came from outlives all of them.
/// Copies are cheap. Thread-safe.
class encoded_mesh {
  public:
    template<memory_resource R>
    encoded_mesh(buffer<std::byte, R> bytes, mesh_format format, std::uint32_t triangles)
        : bytes_{bytes.span()},
          format_{format},
          triangles_{triangles},
          owner_{std::make_shared<buffer<std::byte, R> const>(std::move(bytes))} {}

    std::span<std::byte const> bytes() const noexcept { return bytes_; }
    /// What keeps the bytes alive.
    std::shared_ptr<void const> const& owner() const noexcept { return owner_; }
    mesh_format format() const noexcept { return format_; }
    std::uint32_t triangles() const noexcept { return triangles_; }

    /// The file's content type, as IANA registers it.
    std::string_view media_type() const noexcept {
        return format_ == mesh_format::stl ? "model/stl" : "model/gltf-binary";
    }

  private:
    std::span<std::byte const> bytes_;
    mesh_format format_;
    std::uint32_t triangles_;
    std::shared_ptr<void const> owner_;
};

} // namespace studio
