// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/guided_filter.hpp"
#include "pipeline/height_field.hpp"
#include "pipeline/relief_model.hpp"
#include "pipeline/resample.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace studio {

namespace detail {

/// Step 2 of the model: `slope` becomes the smoothed `luminance`; `offset` and `scratch` are used up.
inline void smooth(grid_map luminance, grid_map slope, grid_map offset, grid_map scratch, float* line,
                   Eigen::Index radius) {
    offset = luminance;
    box_mean(offset, scratch, line, radius);
    slope = luminance.square();
    box_mean(slope, scratch, line, radius);
    slope = offset.binaryExpr(
        slope, [](float mean, float mean_square) { return relief_model::guided_slope(mean, mean_square); });
    offset *= 1.0F - slope;
    box_mean(slope, scratch, line, radius);
    box_mean(offset, scratch, line, radius);
    slope = slope * luminance + offset;
}

/// Step 3: blends each value of `detail` with the smoothed picture, by central differences of the latter.
inline void add_edges(grid_map detail, grid_map smooth, std::uint32_t radius) {
    auto const rows = detail.rows();
    auto const columns = detail.cols();
    for (Eigen::Index j = 0; j < rows; ++j) {
        auto const above = smooth.row(std::max<Eigen::Index>(j - 1, 0));
        auto const below = smooth.row(std::min(j + 1, rows - 1));
        auto const here = smooth.row(j);
        for (Eigen::Index i = 0; i < columns; ++i) {
            float const dx = 0.5F * (here(std::min(i + 1, columns - 1)) - here(std::max<Eigen::Index>(i - 1, 0)));
            float const dy = 0.5F * (below(i) - above(i));
            detail(j, i) = relief_model::with_edges(here(i), detail(j, i), dx * dx + dy * dy, radius);
        }
    }
}

/// Step 4.
inline void stretch(grid_map heights) {
    float const lowest = heights.minCoeff();
    float const highest = heights.maxCoeff();
    heights = heights.unaryExpr([=](float height) { return relief_model::stretched(height, lowest, highest); });
}

} // namespace detail

/// The relief of a picture over a grid: see relief_model.hpp for the method. The same picture and grid give the same
/// heights on the same machine. Time: linear in pixels and grid points. All memory, working memory too, is taken from
/// `resource`, which the host can access. Throws what `resource` throws.
/// Thread-safe.
template<memory_resource R>
height_field<R> estimate_relief(R& resource, image<R> const& picture, grid_size grid) {
    auto field = detail::resample(resource, picture, grid);
    auto slope = stage_buffer<float>(resource, "relief", grid.points());
    auto offset = stage_buffer<float>(resource, "relief", grid.points());
    auto scratch = stage_buffer<float>(resource, "relief", grid.points());
    auto line = stage_buffer<float>(resource, "relief", grid.columns);
    auto const radius = relief_model::window_radius(std::max(grid.columns, grid.rows));
    auto const heights = detail::as_map(field);
    auto const smooth = detail::as_map(slope, grid);
    detail::smooth(heights, smooth, detail::as_map(offset, grid), detail::as_map(scratch, grid), line.data(), radius);
    detail::add_edges(heights, smooth, radius);
    detail::stretch(heights);
    return field;
}

} // namespace studio
