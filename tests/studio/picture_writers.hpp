// SPDX-License-Identifier: MIT
//
// Writers of picture files for the tests: every kind of PNG and JPEG that the decoder meets.
#pragma once

#include "fixtures.hpp"

#include <jpeglib.h>
#include <png.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace studio_test {

/// How a PNG is written. `samples` are rows of packed samples as PNG stores them.
struct png_kind {
    std::uint32_t width;
    std::uint32_t height;
    int colour_type = PNG_COLOR_TYPE_GRAY;
    int bit_depth = 8;
    bool interlaced = false;
    std::vector<png_color> palette = {};
    std::vector<png_byte> palette_alpha = {};
};

inline bytes write_png(png_kind const& kind, std::vector<std::uint8_t> samples) {
    bytes out;
    auto* png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    auto* info = png_create_info_struct(png);
    auto const append = [](png_structp writer, png_bytep data, std::size_t size) {
        auto* const to = static_cast<bytes*>(png_get_io_ptr(writer));
        auto const* const from = reinterpret_cast<std::byte const*>(data);
        to->insert(to->end(), from, from + size);
    };
    png_set_write_fn(png, &out, append, [](png_structp) {});
    png_set_IHDR(png, info, kind.width, kind.height, kind.bit_depth, kind.colour_type,
                 kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (!kind.palette.empty()) {
        png_set_PLTE(png, info, kind.palette.data(), static_cast<int>(kind.palette.size()));
    }
    if (!kind.palette_alpha.empty()) {
        png_set_tRNS(png, info, kind.palette_alpha.data(), static_cast<int>(kind.palette_alpha.size()), nullptr);
    }
    png_write_info(png, info);
    auto const row_bytes = png_get_rowbytes(png, info);
    std::vector<png_bytep> rows;
    for (std::uint32_t y = 0; y < kind.height; ++y) {
        rows.push_back(samples.data() + y * row_bytes);
    }
    png_write_image(png, rows.data());
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return out;
}

/// How a JPEG is written.
struct jpeg_kind {
    std::uint32_t width;
    std::uint32_t height;
    int components = 3;
    J_COLOR_SPACE given = JCS_RGB; ///< what the samples are
    J_COLOR_SPACE written = JCS_YCbCr;
    bool progressive = false;
    std::vector<jpeg_scan_info> scans = {};
};

inline bytes write_jpeg(jpeg_kind const& kind, std::vector<std::uint8_t> samples) {
    jpeg_compress_struct codec{};
    jpeg_error_mgr errors{};
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    unsigned char* data = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&codec, &data, &size);
    codec.image_width = kind.width;
    codec.image_height = kind.height;
    codec.input_components = kind.components;
    codec.in_color_space = kind.given;
    jpeg_set_defaults(&codec);
    jpeg_set_colorspace(&codec, kind.written);
    jpeg_set_quality(&codec, 95, TRUE);
    if (kind.progressive) {
        jpeg_simple_progression(&codec);
    }
    if (!kind.scans.empty()) {
        codec.scan_info = kind.scans.data();
        codec.num_scans = static_cast<int>(kind.scans.size());
    }
    jpeg_start_compress(&codec, TRUE);
    while (codec.next_scanline < codec.image_height) {
        JSAMPROW row =
            samples.data() + std::size_t{codec.next_scanline} * kind.width * static_cast<std::size_t>(kind.components);
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    auto const* const from = reinterpret_cast<std::byte const*>(data);
    bytes out(from, from + size);
    std::free(data);
    return out;
}

/// A binary PGM of 8 bits.
inline bytes write_pgm(std::uint32_t width, std::uint32_t height, std::vector<std::uint8_t> const& samples) {
    auto out = to_bytes("P5\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n");
    auto const raster = std::as_bytes(std::span{samples});
    out.insert(out.end(), raster.begin(), raster.end());
    return out;
}

/// A small picture; those of different seeds differ.
inline bytes picture(std::uint8_t seed) {
    std::vector<std::uint8_t> samples(400);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        samples[i] = static_cast<std::uint8_t>(i * seed);
    }
    return write_pgm(20, 20, samples);
}

} // namespace studio_test
