// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace studio {

/// Luminance of a colour after ITU-R BT.601, in whole numbers: 0.299 R + 0.587 G + 0.114 B.
constexpr std::uint8_t luminance_of(unsigned red, unsigned green, unsigned blue) noexcept {
    return static_cast<std::uint8_t>((77 * red + 150 * green + 29 * blue + 128) >> 8);
}

/// A value scaled by a coverage of 0 to 255 (the colour over black), rounded.
constexpr std::uint8_t over_black(unsigned value, unsigned coverage) noexcept {
    return static_cast<std::uint8_t>((value * coverage + 127) / 255);
}

/// Turns one row of interleaved 8-bit samples into luminance. `channels` is 1 (grey), 2 (grey, alpha), 3 (RGB) or
/// 4 (RGB, alpha). `out` may be `samples` itself.
inline void luminance_row(std::uint8_t const* samples, unsigned channels, std::size_t width, std::uint8_t* out) {
    for (std::size_t x = 0; x < width; ++x, samples += channels) {
        unsigned const luminance = channels < 3 ? samples[0] : luminance_of(samples[0], samples[1], samples[2]);
        bool const has_alpha = channels % 2 == 0;
        out[x] = has_alpha ? over_black(luminance, samples[channels - 1]) : static_cast<std::uint8_t>(luminance);
    }
}

/// Turns one row of CMYK samples into luminance; `inverted` as Adobe's programs write them (255 = no ink).
inline void luminance_row_cmyk(std::uint8_t const* samples, bool inverted, std::size_t width, std::uint8_t* out) {
    unsigned const flip = inverted ? 0 : 255;
    for (std::size_t x = 0; x < width; ++x, samples += 4) {
        out[x] = over_black(luminance_of(samples[0] ^ flip, samples[1] ^ flip, samples[2] ^ flip), samples[3] ^ flip);
    }
}

} // namespace studio
