// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/decode.hpp"
#include "pipeline/encode.hpp"
#include "pipeline/instrument.hpp"
#include "pipeline/parameters.hpp"
#include "pipeline/relief_device.hpp"
#include "pipeline/triangulate.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace studio {

/// Lengths of the plate that these parameters make of a picture: as wide as asked, as deep as the picture's proportion
/// says.
inline plate_size plate_of(parameters const& asked, picture_size picture) noexcept {
    double const proportion = static_cast<double>(picture.height) / static_cast<double>(picture.width);
    return {asked.width_mm, asked.width_mm * proportion, asked.base_mm, asked.relief_mm};
}

namespace detail {

/// Runs `work` as the stage of that name.
template<class Instrument, class Work>
auto in_stage(Instrument& instrument, std::string_view name, Work const& work) {
    [[maybe_unused]] auto const scope = instrument.stage(name);
    return work();
}

} // namespace detail

/// Makes a printable relief of a picture file: decode, upload, relief, triangulate, encode. Every picture, height field
/// and mesh lies in memory of `host`, which the host can access and which outlives the result; all but the result is given
/// back on return. The same picture and parameters give the same bytes on the same device.
/// Throws bad_picture, orfeas::option_error for parameters out of range, and what `host` and `device` throw.
/// Thread-safe when `host`, `device` and `instrument` are.
template<memory_resource R, class Device, class Instrument>
    requires relief_device<Device, R> && stage_instrument<Instrument>
encoded_mesh generate(R& host, Device& device, std::span<std::byte const> picture, parameters const& asked,
                      Instrument&& instrument, picture_limits const& limits = {}) {
    check(asked);
    auto decoded = detail::in_stage(instrument, "decode", [&] { return decode(host, picture, limits); });
    auto const size = decoded.size();
    auto const grid = grid_over(size, asked.resolution);
    auto const uploaded = detail::in_stage(instrument, "upload", [&] { return device.upload(std::move(decoded)); });
    auto const heights = detail::in_stage(instrument, "relief", [&] { return device.relief(host, uploaded, grid); });
    auto const plate =
        detail::in_stage(instrument, "triangulate", [&] { return triangulate(host, heights, plate_of(asked, size)); });
    return detail::in_stage(instrument, "encode", [&] { return encode(host, plate, asked.format); });
}

/// As above, on the host and unwatched.
template<memory_resource R>
encoded_mesh generate(R& host, std::span<std::byte const> picture, parameters const& asked = {},
                      picture_limits const& limits = {}) {
    host_relief device;
    return generate(host, device, picture, asked, no_instrument{}, limits);
}

} // namespace studio
