// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/picture_error.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace studio {

using namespace orfeas::literals;

/// What a picture may cost. Every limit is checked against the file's header, before a pixel is decoded or memory for
/// one is taken. A decoder's own working memory follows these limits: at most 6 bytes a pixel (a progressive JPEG).
struct picture_limits {
    std::uint64_t max_bytes = 16_MiB;
    std::uint64_t max_pixels = 64'000'000;
    std::uint32_t max_side = 32'768;
    double max_elongation = 32;

    static constexpr std::uint32_t min_side = 2;
    static constexpr std::string_view environment_prefix = "STUDIO_PICTURE_";

    static void fields(auto& self, auto&& field) {
        using namespace orfeas;
        field("max_bytes", self.max_bytes, in_range(1_KiB, 1_GiB), "size of the picture file");
        field("max_pixels", self.max_pixels, in_range(4, 1'000'000'000), "width times height");
        field("max_side", self.max_side, in_range(2, 65'535), "width or height in pixels");
        field("max_elongation", self.max_elongation, in_range(1.0, 1000.0), "longer side over shorter side");
    }
};
static_assert(orfeas::options<picture_limits>);

/// Width and height in pixels.
struct picture_size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;

    std::uint64_t pixels() const noexcept { return std::uint64_t{width} * height; }
    friend bool operator==(picture_size, picture_size) = default;
};

/// Throws bad_picture unless a file of `bytes` bytes may be looked at.
inline void check_bytes(std::uint64_t bytes, picture_limits const& limits) {
    if (bytes == 0) {
        throw bad_picture{picture_error::empty, "0 bytes", "1 byte to " + orfeas::format_bytes(limits.max_bytes)};
    }
    if (bytes > limits.max_bytes) {
        throw bad_picture{picture_error::too_many_bytes, std::to_string(bytes) + " bytes",
                          "up to " + std::to_string(limits.max_bytes) + " bytes"};
    }
}

namespace detail {

inline std::string side_range(picture_limits const& limits) {
    return "width and height between " + std::to_string(picture_limits::min_side) + " and " +
           std::to_string(limits.max_side) + " pixels";
}

inline double elongation(picture_size size) noexcept {
    auto const [shorter, longer] = std::minmax(size.width, size.height);
    return static_cast<double>(longer) / static_cast<double>(shorter);
}

} // namespace detail

/// Throws bad_picture unless a picture of that size may be decoded.
inline void check_size(picture_size size, picture_limits const& limits) {
    auto const found = std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels";
    auto const [shorter, longer] = std::minmax(size.width, size.height);
    if (shorter < picture_limits::min_side || longer > limits.max_side) {
        throw bad_picture{picture_error::side_out_of_range, found, detail::side_range(limits)};
    }
    if (size.pixels() > limits.max_pixels) {
        throw bad_picture{picture_error::too_many_pixels, found,
                          "up to " + std::to_string(limits.max_pixels) + " pixels"};
    }
    if (detail::elongation(size) > limits.max_elongation) {
        auto allowed =
            "a longer side up to " + std::to_string(static_cast<int>(limits.max_elongation)) + " times the shorter";
        throw bad_picture{picture_error::too_elongated, found, std::move(allowed)};
    }
}

} // namespace studio
