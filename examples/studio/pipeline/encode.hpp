// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/encode_glb.hpp"
#include "pipeline/encode_stl.hpp"
#include "pipeline/encoded_mesh.hpp"

#include <cstdint>

namespace studio {

/// Writes the solid as a file of that format, in memory of `resource`. Throws what `resource` throws.
/// Thread-safe.
template<memory_resource R, memory_resource S>
encoded_mesh encode(R& resource, solid<S> const& from, mesh_format format) {
    auto const triangles = static_cast<std::uint32_t>(from.triangles.size());
    auto bytes = format == mesh_format::stl ? encode_stl(resource, from) : encode_glb(resource, from);
    return {std::move(bytes), format, triangles};
}

} // namespace studio
