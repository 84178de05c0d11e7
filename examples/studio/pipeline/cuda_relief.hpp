// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/relief.hpp"
#include "pipeline/image.hpp"
#include "pipeline/relief_device.hpp"

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace studio {

/// A CUDA device: pictures and working memory lie in the pool of its memory, which outlives this object, as this object does
/// all it uploaded. Needs no CUDA header; the program links the object of kernels/relief.cu and the CUDA run time.
/// Thread-safe.
template<class DevicePool>
class cuda_relief {
  public:
    explicit cuda_relief(DevicePool& pool) : pool_{pool}, memory_{pool} {
        ORFEAS_ASSERT(pool.backend().kind() == orfeas::memory::device_kind::cuda,
                      "kernels need a pool on a CUDA device; use host_relief on others");
    }

    /// A picture in the device's memory.
    struct device_image {
        picture_size size;
        buffer<std::uint8_t, orfeas::memory::tracking_resource<DevicePool>> luminance;
    };

    /// Throws memory::out_of_memory, or memory::backend_error when the copy fails; the picture stays with its owner then.
    template<memory_resource R>
    device_image upload(image<R>&& picture) {
        device_image out{picture.size(), stage_buffer<std::uint8_t>(memory_, "upload", picture.pixels().size())};
        out.luminance.copy_in(picture.pixels());
        [[maybe_unused]] auto const done_with = std::move(picture); // the host's memory is given back
        return out;
    }

    /// The kernels of a batch follow each other on the device and are waited for once.
    /// Throws as upload, and std::runtime_error when a kernel fails.
    template<memory_resource R>
    std::vector<height_field<R>> relief(R& resource, std::span<relief_order<device_image> const> batch) {
        std::vector<height_field<R>> fields;
        std::vector<buffer<float, orfeas::memory::tracking_resource<DevicePool>>> heights;
        std::vector<kernels::relief_job> jobs;
        std::size_t scratch_floats = 0;
        for (auto const& [picture, grid] : batch) {
            fields.emplace_back(resource, grid);
            heights.push_back(stage_buffer<float>(memory_, "relief", grid.points()));
            jobs.push_back({picture.luminance.data(), picture.size.width, picture.size.height, heights.back().data(),
                            grid.columns, grid.rows, nullptr});
            scratch_floats = std::max(scratch_floats, kernels::scratch_floats(jobs.back()));
        }
        auto scratch = stage_buffer<float>(memory_, "relief", scratch_floats);
        for (auto& job : jobs) {
            job.scratch = scratch.data(); // one after the other
        }
        pool_.backend().make_current();
        kernels::estimate_reliefs(jobs.data(), jobs.size());
        for (std::size_t i = 0; i < fields.size(); ++i) {
            heights[i].copy_out(fields[i].values());
        }
        return fields;
    }

    /// Taken of the pool at once so far.
    std::uint64_t peak_bytes() const noexcept { return memory_.peak_bytes(); }

  private:
    DevicePool& pool_;
    orfeas::memory::tracking_resource<DevicePool> memory_; // of it
};
static_assert(relief_device<cuda_relief<orfeas::memory::pool>, orfeas::memory::pool>);

} // namespace studio
