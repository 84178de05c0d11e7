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

/// Decodes a PNG, JPEG or PGM, told apart by its bytes. The pixels lie in memory of `resource`, which outlives the image.
/// The header is checked against `limits` before memory for pixels is taken. A damaged or incomplete file is refused,
/// never filled up. Throws bad_picture for what is wrong with the file, and what `resource` throws.
/// Thread-safe.
template<memory_resource R>
image<R> decode(R& resource, std::span<std::byte const> bytes, picture_limits const& limits = {}) {
    check_bytes(bytes.size(), limits);
    auto const format = sniff(bytes);
    if (!format) {
        throw bad_picture{picture_error::not_a_picture, "bytes that begin like none", "PNG, JPEG or PGM (P2 or P5)"};
    }
    switch (*format) {
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
