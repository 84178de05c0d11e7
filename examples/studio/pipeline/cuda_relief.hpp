// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/relief.hpp"
#include "pipeline/image.hpp"
#include "pipeline/relief_device.hpp"

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/pool.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace studio {

/// A CUDA device: pictures and working memory lie in the pool of its memory, which outlives this object and all it
/// uploaded. Needs no CUDA header; the program links the object of kernels/relief.cu and the CUDA run time.
/// Thread-safe.
template<class DevicePool>
class cuda_relief {
  public:
    explicit cuda_relief(DevicePool& pool) noexcept : pool_{&pool} {
        ORFEAS_ASSERT(pool.backend().kind() == orfeas::memory::device_kind::cuda,
                      "kernels need a pool on a CUDA device; use host_relief on others");
    }

    /// A picture in the device's memory.
    struct device_image {
        picture_size size;
        buffer<std::uint8_t, DevicePool> luminance;
    };

    /// Throws memory::out_of_memory, or memory::backend_error when the copy fails.
    template<memory_resource R>
    device_image upload(image<R> picture) const {
        device_image out{picture.size(), stage_buffer<std::uint8_t>(*pool_, "upload", picture.pixels().size())};
        out.luminance.copy_in(picture.pixels());
        return out;
    }

    /// As upload, and std::runtime_error when a kernel fails.
    template<memory_resource R>
    height_field<R> relief(R& resource, device_image const& picture, grid_size grid) const {
        height_field<R> out{resource, grid};
        auto heights = stage_buffer<float>(*pool_, "relief", grid.points());
        kernels::relief_job job{picture.luminance.data(),
                                picture.size.width,
                                picture.size.height,
                                heights.data(),
                                grid.columns,
                                grid.rows,
                                nullptr};
        auto scratch = stage_buffer<float>(*pool_, "relief", kernels::scratch_floats(job));
        job.scratch = scratch.data();
        pool_->backend().make_current();
        kernels::estimate_relief(job);
        heights.copy_out(out.values());
        return out;
    }

  private:
    DevicePool* pool_;
};
static_assert(relief_device<cuda_relief<orfeas::memory::pool>, orfeas::memory::pool>);

} // namespace studio
