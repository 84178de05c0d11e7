// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/height_field.hpp"
#include "pipeline/image.hpp"
#include "pipeline/relief_model.hpp"

#include <Eigen/Core>

#include <cstddef>
#include <cstdint>

namespace studio::detail {

using pixel_row = Eigen::Map<Eigen::Array<std::uint8_t, 1, Eigen::Dynamic> const>;
using float_row = Eigen::Map<Eigen::Array<float, 1, Eigen::Dynamic>>;

/// One output row from the picture's rows under its tent; the result lies between 0 and 1.
template<memory_resource R>
void resample_down(image<R> const& picture, relief_model::tent const& tent, float* out) {
    auto const width = static_cast<Eigen::Index>(picture.size().width);
    float_row sum{out, width};
    sum.setZero();
    float total = 0;
    for (auto y = tent.first; y <= tent.last; ++y) {
        float const weight = tent.weight(y);
        sum += weight * pixel_row{picture.row(static_cast<std::uint32_t>(y)), width}.template cast<float>();
        total += weight;
    }
    sum *= 1.0F / (255.0F * total);
}

/// One output value from a row's pixels under its tent.
inline float resample_across(float const* row, relief_model::tent const& tent) {
    float sum = 0;
    float total = 0;
    for (auto x = tent.first; x <= tent.last; ++x) {
        float const weight = tent.weight(x);
        sum += weight * row[x];
        total += weight;
    }
    return sum / total;
}

/// Luminance of the picture over a grid, between 0 and 1. Linear in the picture's pixels.
template<memory_resource R>
height_field<R> resample(R& resource, image<R> const& picture, grid_size grid) {
    auto const [width, height] = picture.size();
    height_field<R> out{resource, grid};
    auto row = stage_buffer<float>(resource, "relief", width);
    for (std::uint32_t j = 0; j < grid.rows; ++j) {
        resample_down(picture, relief_model::tent_at(j, grid.rows, height), row.data());
        float* const to = out.data() + std::size_t{j} * grid.columns;
        for (std::uint32_t i = 0; i < grid.columns; ++i) {
            to[i] = resample_across(row.data(), relief_model::tent_at(i, grid.columns, width));
        }
    }
    return out;
}

} // namespace studio::detail
