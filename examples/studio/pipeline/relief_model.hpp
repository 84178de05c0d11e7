// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/config.hpp>

#include <cstdint>

/// The relief's formulas for one point, which the host's version and the CUDA kernels share.
///
/// A relief is the picture's luminance, resampled to the grid and smoothed where it is flat:
///   1. resampling with a tent filter as wide as a grid step (or as a pixel, when the grid is finer);
///   2. smoothing with the self-guided filter: K. He, J. Sun, X. Tang, "Guided Image Filtering", IEEE TPAMI 35(6), 2013;
///   3. where the smoothed picture has a steep gradient, the resampled one shows through: edges stay crisp, noise goes;
///   4. stretching to 0..1.
namespace studio::relief_model {

/// Squared contrast (of a range of 1) below which step 2 takes a structure for noise.
inline constexpr float smoothing = 0.0025F;
/// Rise of the smoothed picture over a window's radius at which step 3 takes half from either picture.
inline constexpr float edge_rise = 0.1F;
/// Step 4 stretches no more than 16 times: a picture without contrast stays flat.
inline constexpr float least_range = 1.0F / 16.0F;

/// Half the side of step 2's square window, in grid points.
ORFEAS_HOST_DEVICE constexpr std::uint32_t window_radius(std::uint32_t longer_side) noexcept {
    return longer_side < 128 ? 1 : longer_side / 64;
}

/// The pixels [first, last] along one axis that make up one grid point, and their tent: weight(x) = 1 - |x - centre| /
/// radius, to be divided by the sum.
struct tent {
    float centre;
    float inverse_radius;
    std::int32_t first;
    std::int32_t last;

    ORFEAS_HOST_DEVICE constexpr float weight(std::int32_t x) const noexcept {
        float const distance = static_cast<float>(x) - centre;
        float const value = 1.0F - (distance < 0 ? -distance : distance) * inverse_radius;
        return value > 0 ? value : 0;
    }
};

/// The tent of grid point `i` of `points` over `pixels` pixels. Both axes cover the same length.
ORFEAS_HOST_DEVICE constexpr tent tent_at(std::uint32_t i, std::uint32_t points, std::uint32_t pixels) noexcept {
    float const step = static_cast<float>(pixels) / static_cast<float>(points);
    float const centre = (static_cast<float>(i) + 0.5F) * step - 0.5F;
    float const radius = step > 1.0F ? step : 1.0F;
    float const low = centre - radius;
    float const high = centre + radius;
    auto const end = static_cast<std::int32_t>(pixels) - 1;
    auto const first = low > 0 ? static_cast<std::int32_t>(low) : 0;
    auto const last = static_cast<std::int32_t>(high) + 1;
    return {centre, 1.0F / radius, first < end ? first : end, last < end ? last : end};
}

/// The guided filter's slope from a window's mean and mean square: near 1 over an edge, near 0 over a flat.
ORFEAS_HOST_DEVICE constexpr float guided_slope(float mean, float mean_square) noexcept {
    float const variance = mean_square - mean * mean;
    return variance > 0 ? variance / (variance + smoothing) : 0;
}

/// Step 3: `detail` where the squared gradient of the smoothed picture (rise per grid step) is large, else `smooth`.
ORFEAS_HOST_DEVICE constexpr float with_edges(float smooth, float detail, float squared_gradient,
                                              std::uint32_t radius) noexcept {
    float const rise = squared_gradient * static_cast<float>(radius * radius);
    return smooth + (detail - smooth) * (rise / (rise + edge_rise * edge_rise));
}

/// Step 4.
ORFEAS_HOST_DEVICE constexpr float stretched(float height, float lowest, float highest) noexcept {
    float const range = highest - lowest;
    float const value = (height - lowest) / (range > least_range ? range : least_range);
    return value < 1 ? value : 1;
}

} // namespace studio::relief_model
