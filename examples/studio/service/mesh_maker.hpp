// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/encoded_mesh.hpp"
#include "pipeline/parameters.hpp"
#include "pipeline/picture_limits.hpp"
#include "service/stage_recorder.hpp"

#include <orfeas/memory.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace studio {

/// Runs the pipeline on whatever device there is. Keeps what knows the device out of the service's own source.
/// Thread-safe.
class mesh_maker {
  public:
    virtual ~mesh_maker() = default;

    /// Makes a mesh in the host's pool. Throws what studio::generate throws.
    virtual encoded_mesh make(std::span<std::byte const> picture, parameters const& asked, stage_recorder& stages) = 0;
};

/// Whether this program holds the CUDA kernels.
bool has_kernels() noexcept;

/// A maker that works in `host`, and estimates reliefs in `device` when that is not null (a pool on a CUDA device; only
/// with kernels), else on the host. The pools outlive it and its meshes.
std::unique_ptr<mesh_maker> make_mesh_maker(orfeas::memory::pool& host, orfeas::memory::pool* device,
                                            picture_limits const& limits);

} // namespace studio
