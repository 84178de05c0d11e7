// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/relief.hpp"

#include <orfeas/memory/heap_resource.hpp>

#include <concepts>
#include <span>
#include <utility>
#include <vector>

namespace studio {

/// A picture where a device can read it, and the grid over which its relief is wanted.
template<class Uploaded>
struct relief_order {
    Uploaded picture;
    grid_size grid;
};

/// What a device makes of a picture in host memory of R.
template<class D, class R>
using uploaded_to = decltype(std::declval<D&>().upload(std::declval<image<R>>()));

/// Where reliefs are estimated. `upload(picture)` brings a host image to where the device can read it; `relief(resource,
/// batch)` estimates the heights of a batch of them, in one go, and returns them in its order, in host memory of `resource`.
template<class D, class R>
concept relief_device = memory_resource<R> && requires(D& device, R& resource, image<R> picture) {
    { device.upload(std::move(picture)) } -> std::move_constructible;
    {
        device.relief(resource, std::span<relief_order<uploaded_to<D, R>> const>{})
    } -> std::same_as<std::vector<height_field<R>>>;
};

/// The host itself, with Eigen: nothing is copied.
/// Thread-safe.
struct host_relief {
    template<memory_resource R>
    static image<R> upload(image<R> picture) noexcept {
        return picture;
    }
    template<memory_resource R>
    static std::vector<height_field<R>> relief(R& resource, std::span<relief_order<image<R>> const> batch) {
        std::vector<height_field<R>> fields;
        fields.reserve(batch.size());
        for (auto const& each : batch) {
            fields.push_back(estimate_relief(resource, each.picture, each.grid));
        }
        return fields;
    }
};
static_assert(relief_device<host_relief, orfeas::memory::heap_resource>);

} // namespace studio
