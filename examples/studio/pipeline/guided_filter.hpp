// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/height_field.hpp"
#include "pipeline/relief_model.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace studio::detail {

/// A grid of floats as Eigen sees it: rows of the grid are rows of the array.
using grid_map = Eigen::Map<Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

template<memory_resource R>
grid_map as_map(buffer<float, R>& values, grid_size size) {
    return {values.data(), static_cast<Eigen::Index>(size.rows), static_cast<Eigen::Index>(size.columns)};
}
template<memory_resource R>
grid_map as_map(height_field<R>& field) {
    return {field.data(), static_cast<Eigen::Index>(field.size().rows),
            static_cast<Eigen::Index>(field.size().columns)};
}

/// The window [first, last] of radius `radius` around `i`, cut off at the ends of [0, count).
struct window_range {
    Eigen::Index first;
    Eigen::Index last;

    window_range(Eigen::Index i, Eigen::Index radius, Eigen::Index count)
        : first{std::max<Eigen::Index>(i - radius, 0)}, last{std::min(i + radius, count - 1)} {}

    float weight() const { return 1.0F / static_cast<float>(last - first + 1); }
};

/// Mean over a square window, in place, with one addition and one subtraction a point and direction.
/// `scratch` is a grid of the same size; `line` holds one row.
inline void box_mean(grid_map values, grid_map scratch, float* line, Eigen::Index radius) {
    auto const rows = values.rows();
    auto const columns = values.cols();
    Eigen::Map<Eigen::Array<float, 1, Eigen::Dynamic>> sum{line, columns};
    sum = values.topRows(std::min(radius, rows)).colwise().sum();
    for (Eigen::Index j = 0; j < rows; ++j) {
        if (j + radius < rows) {
            sum += values.row(j + radius);
        }
        if (j > radius) {
            sum -= values.row(j - radius - 1);
        }
        scratch.row(j) = sum * window_range{j, radius, rows}.weight();
    }
    for (Eigen::Index j = 0; j < rows; ++j) {
        auto const from = scratch.row(j);
        float running = from.head(std::min(radius, columns)).sum();
        for (Eigen::Index i = 0; i < columns; ++i) {
            running += i + radius < columns ? from(i + radius) : 0.0F;
            running -= i > radius ? from(i - radius - 1) : 0.0F;
            values(j, i) = running * window_range{i, radius, columns}.weight();
        }
    }
}

} // namespace studio::detail
