// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/decode_jpeg.hpp"
#include "pipeline/decode_pgm.hpp"
#include "pipeline/decode_png.hpp"
#include "pipeline/image.hpp"
#include "pipeline/picture_format.hpp"

#include <cstddef>
#include <span>

namespace studio {

namespace detail {

inline picture_format format_of(std::span<std::byte const> bytes, picture_limits const& limits) {
    check_bytes(bytes.size(), limits);
    if (auto const format = sniff(bytes)) {
        return *format;
    }
    throw bad_picture{picture_error::not_a_picture, "bytes that begin like none", "PNG, JPEG or PGM (P2 or P5)"};
}

inline picture_size announced_size(std::span<std::byte const> bytes, picture_format format) {
    switch (format) {
    case picture_format::png:
        return png_size(bytes);
    case picture_format::jpeg: {
        jpeg_reader reader{bytes};
        reader.read_header();
        return reader.size();
    }
    case picture_format::pgm:
        break;
    }
    return pgm_reader{bytes}.read_header();
}

} // namespace detail

/// Width and height of a PNG, JPEG or PGM, as its header tells them. Throws bad_picture when there is no such header, or when
/// `limits` do not allow what it says.
/// Thread-safe.
inline picture_size read_size(std::span<std::byte const> bytes, picture_limits const& limits = {}) {
    auto const size = detail::announced_size(bytes, detail::format_of(bytes, limits));
    check_size(size, limits);
    return size;
}

/// Decodes a PNG, JPEG or PGM, told apart by its bytes. The pixels lie in memory of `resource`, which outlives the image.
/// The header is checked against `limits` before memory for pixels is taken. A damaged or incomplete file is refused,
/// never filled up. Throws bad_picture for what is wrong with the file, and what `resource` throws.
/// Thread-safe.
template<memory_resource R>
image<R> decode(R& resource, std::span<std::byte const> bytes, picture_limits const& limits = {}) {
    switch (detail::format_of(bytes, limits)) {
    case picture_format::png:
        return detail::decode_png(resource, bytes, limits);
    case picture_format::jpeg:
        return detail::decode_jpeg(resource, bytes, limits);
    case picture_format::pgm:
        break;
    }
    return detail::decode_pgm(resource, bytes, limits);
}

} // namespace studio
