// SPDX-License-Identifier: MIT
//
// The formulas are those of the host (pipeline/relief_model.hpp); one thread computes one point. A window's mean is summed
// anew for each point, in one fixed order, so that the result does not depend on scheduling.
#include "kernels/relief.hpp"
#include "pipeline/relief_model.hpp"

#include <cuda_runtime.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace studio::kernels {

namespace {

struct extent {
    std::uint32_t columns;
    std::uint32_t rows;

    __device__ bool contains(std::uint32_t i, std::uint32_t j) const { return i < columns && j < rows; }
    __device__ std::size_t at(std::uint32_t i, std::uint32_t j) const { return std::size_t{j} * columns + i; }
};

__device__ std::uint32_t thread_column() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}
__device__ std::uint32_t thread_row() {
    return blockIdx.y * blockDim.y + threadIdx.y;
}

/// One value of the picture at full width and the grid's height. `out` covers the `size` of that.
__global__ void resample_down(std::uint8_t const* luminance, std::uint32_t height, extent size, float* out) {
    auto const x = thread_column();
    auto const j = thread_row();
    if (!size.contains(x, j)) {
        return;
    }
    auto const tent = relief_model::tent_at(j, size.rows, height);
    float sum = 0;
    float total = 0;
    for (auto y = tent.first; y <= tent.last; ++y) {
        float const weight = tent.weight(y);
        sum += weight * static_cast<float>(luminance[size.at(x, static_cast<std::uint32_t>(y))]);
        total += weight;
    }
    out[size.at(x, j)] = sum * (1.0F / (255.0F * total));
}

__global__ void resample_across(float const* rows, std::uint32_t width, extent grid, float* out) {
    auto const i = thread_column();
    auto const j = thread_row();
    if (!grid.contains(i, j)) {
        return;
    }
    auto const tent = relief_model::tent_at(i, grid.columns, width);
    float const* const row = rows + std::size_t{j} * width;
    float sum = 0;
    float total = 0;
    for (auto x = tent.first; x <= tent.last; ++x) {
        float const weight = tent.weight(x);
        sum += weight * row[x];
        total += weight;
    }
    out[grid.at(i, j)] = sum / total;
}

struct window {
    std::uint32_t first;
    std::uint32_t last;

    __device__ window(std::uint32_t i, std::uint32_t radius, std::uint32_t count)
        : first{i > radius ? i - radius : 0}, last{i + radius < count ? i + radius : count - 1} {}
    __device__ float weight() const { return 1.0F / static_cast<float>(last - first + 1); }
};

/// Mean over a column's window, of the values or of their squares.
__global__ void mean_down(float const* in, bool squared, std::uint32_t radius, extent grid, float* out) {
    auto const i = thread_column();
    auto const j = thread_row();
    if (!grid.contains(i, j)) {
        return;
    }
    window const rows{j, radius, grid.rows};
    float sum = 0;
    for (auto y = rows.first; y <= rows.last; ++y) {
        float const value = in[grid.at(i, y)];
        sum += squared ? value * value : value;
    }
    out[grid.at(i, j)] = sum * rows.weight();
}

__global__ void mean_across(float const* in, std::uint32_t radius, extent grid, float* out) {
    auto const i = thread_column();
    auto const j = thread_row();
    if (!grid.contains(i, j)) {
        return;
    }
    window const columns{i, radius, grid.columns};
    float sum = 0;
    for (auto x = columns.first; x <= columns.last; ++x) {
        sum += in[grid.at(x, j)];
    }
    out[grid.at(i, j)] = sum * columns.weight();
}

/// Means and mean squares become the guided filter's offsets and slopes.
__global__ void guide(extent grid, float* offset, float* slope) {
    auto const i = thread_column();
    auto const j = thread_row();
    if (!grid.contains(i, j)) {
        return;
    }
    auto const at = grid.at(i, j);
    float const mean = offset[at];
    slope[at] = relief_model::guided_slope(mean, slope[at]);
    offset[at] = mean * (1.0F - slope[at]);
}

__global__ void apply_guide(float const* luminance, float const* offset, extent grid, float* slope) {
    auto const i = thread_column();
    auto const j = thread_row();
    if (grid.contains(i, j)) {
        auto const at = grid.at(i, j);
        slope[at] = slope[at] * luminance[at] + offset[at];
    }
}

/// Blends by the smoothed picture's gradient, and notes the lowest and highest result in `range`: floats of at least 0
/// are ordered as their bits are.
__global__ void add_edges(float const* smooth, std::uint32_t radius, extent grid, float* heights, int* range) {
    auto const i = thread_column();
    auto const j = thread_row();
    if (!grid.contains(i, j)) {
        return;
    }
    window const columns{i, 1, grid.columns};
    window const rows{j, 1, grid.rows};
    float const dx = 0.5F * (smooth[grid.at(columns.last, j)] - smooth[grid.at(columns.first, j)]);
    float const dy = 0.5F * (smooth[grid.at(i, rows.last)] - smooth[grid.at(i, rows.first)]);
    auto const at = grid.at(i, j);
    float const height = fmaxf(relief_model::with_edges(smooth[at], heights[at], dx * dx + dy * dy, radius), 0.0F);
    heights[at] = height;
    atomicMin(range, __float_as_int(height));
    atomicMax(range + 1, __float_as_int(height));
}

__global__ void stretch(int const* range, extent grid, float* heights) {
    auto const i = thread_column();
    auto const j = thread_row();
    if (grid.contains(i, j)) {
        auto const at = grid.at(i, j);
        heights[at] = relief_model::stretched(heights[at], __int_as_float(range[0]), __int_as_float(range[1]));
    }
}

void check(cudaError_t status, char const* call) {
    if (status != cudaSuccess) {
        throw std::runtime_error{std::string{"CUDA: "} + call + ": " + cudaGetErrorString(status)};
    }
}

constexpr dim3 block{32, 8};

dim3 blocks_over(extent size) {
    return {(size.columns + block.x - 1) / block.x, (size.rows + block.y - 1) / block.y};
}

/// Submits the work of one job.
void submit(relief_job const& job, cudaStream_t stream) {
    extent const grid{job.columns, job.rows};
    extent const tall{job.width, job.rows};
    dim3 const blocks = blocks_over(grid);
    std::uint32_t const radius = relief_model::window_radius(std::max(job.columns, job.rows));
    float* const slope = job.scratch;
    float* const offset = slope + job.points();
    float* const half = offset + job.points();
    float* const rows = half + job.points();
    int* const range = reinterpret_cast<int*>(rows + std::size_t{job.width} * job.rows);

    resample_down<<<blocks_over(tall), block, 0, stream>>>(job.luminance, job.height, tall, rows);
    resample_across<<<blocks, block, 0, stream>>>(rows, job.width, grid, job.heights);

    mean_down<<<blocks, block, 0, stream>>>(job.heights, false, radius, grid, half);
    mean_across<<<blocks, block, 0, stream>>>(half, radius, grid, offset);
    mean_down<<<blocks, block, 0, stream>>>(job.heights, true, radius, grid, half);
    mean_across<<<blocks, block, 0, stream>>>(half, radius, grid, slope);
    guide<<<blocks, block, 0, stream>>>(grid, offset, slope);
    mean_down<<<blocks, block, 0, stream>>>(slope, false, radius, grid, half);
    mean_across<<<blocks, block, 0, stream>>>(half, radius, grid, slope);
    mean_down<<<blocks, block, 0, stream>>>(offset, false, radius, grid, half);
    mean_across<<<blocks, block, 0, stream>>>(half, radius, grid, offset);
    apply_guide<<<blocks, block, 0, stream>>>(job.heights, offset, grid, slope);

    // larger than any height's bits, and as small as the smallest
    check(cudaMemsetAsync(range, 0x7f, sizeof(int), stream), "cudaMemsetAsync");
    check(cudaMemsetAsync(range + 1, 0, sizeof(int), stream), "cudaMemsetAsync");
    add_edges<<<blocks, block, 0, stream>>>(slope, radius, grid, job.heights, range);
    stretch<<<blocks, block, 0, stream>>>(range, grid, job.heights);
    check(cudaGetLastError(), "a kernel launch of the relief");
}

} // namespace

void estimate_reliefs(relief_job const* jobs, std::size_t count) {
    cudaStream_t const stream = cudaStreamPerThread;
    try {
        for (std::size_t i = 0; i < count; ++i) {
            submit(jobs[i], stream);
        }
    } catch (...) {
        cudaStreamSynchronize(stream); // what was submitted uses the caller's memory
        throw;
    }
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

} // namespace studio::kernels
