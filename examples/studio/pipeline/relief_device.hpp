// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/relief.hpp"

#include <concepts>
#include <utility>

namespace studio {

/// Where reliefs are estimated. `upload(picture)` brings a host image to where the device can read it; `relief(resource,
/// uploaded, grid)` estimates the heights and returns them in host memory of `resource`.
template<class D, class R>
concept relief_device = memory_resource<R> && requires(D& device, R& resource, image<R> picture, grid_size grid) {
    { device.relief(resource, device.upload(std::move(picture)), grid) } -> std::same_as<height_field<R>>;
};

/// The host itself, with Eigen: nothing is copied.
/// Thread-safe.
struct host_relief {
    template<memory_resource R>
    static image<R> upload(image<R> picture) noexcept {
        return picture;
    }
    template<memory_resource R>
    static height_field<R> relief(R& resource, image<R> const& picture, grid_size grid) {
        return estimate_relief(resource, picture, grid);
    }
};
static_assert(relief_device<host_relief, orfeas::memory::pool>);

} // namespace studio
