// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// The relief on a CUDA device, as a plain C++ function: no CUDA header is needed to call it.
namespace studio::kernels {

/// One estimation. All pointers are device memory of the device that is current in the calling thread.
struct relief_job {
    std::uint8_t const* luminance; ///< width x height, row by row
    std::uint32_t width;
    std::uint32_t height;
    float* heights; ///< columns x rows, row by row: the result
    std::uint32_t columns;
    std::uint32_t rows;
    float* scratch; ///< scratch_floats(…) elements

    constexpr std::size_t points() const noexcept { return std::size_t{columns} * rows; }
};

/// Working memory of a job: the picture at the grid's height, three grids, and the range of heights.
constexpr std::size_t scratch_floats(relief_job const& job) noexcept {
    return std::size_t{job.width} * job.rows + 3 * job.points() + 2;
}

/// Estimates `count` reliefs as `studio::estimate_relief` does, within 0.001, one after the other, so that they may share
/// their scratch, and waits once for all. Throws std::runtime_error that names the failing CUDA call.
/// Thread-safe for jobs of distinct memory.
void estimate_reliefs(relief_job const* jobs, std::size_t count);

} // namespace studio::kernels
