// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <cstddef>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace orfeas::inline v0::net {

/// `plain` as one member of a gzip file (RFC 1952), at zlib's fastest level, which suits what is sent once. O(size).
/// Throws std::bad_alloc, and std::length_error from 4 GiB on.
/// Thread-safe.
inline std::string gzip(std::string_view plain) {
    if (plain.size() > std::numeric_limits<unsigned>::max()) {
        throw std::length_error{"gzip: what is compressed in one piece is less than 4 GiB"};
    }
    constexpr int window_bits = 15 + 16; // the largest window, and gzip's header instead of zlib's
    constexpr int memory_level = 8;      // zlib's default
    z_stream stream{};
    if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc{}; // the arguments are right, so it is the memory
    }
    struct ending {
        z_stream& of;
        ~ending() { ::deflateEnd(&of); }
    } const at_end{stream};
    std::string packed(static_cast<std::size_t>(::deflateBound(&stream, static_cast<unsigned long>(plain.size()))),
                       '\0');
    stream.next_in =
        reinterpret_cast<unsigned char*>(const_cast<char*>(plain.data())); // zlib's older interface; it only reads
    stream.avail_in = static_cast<unsigned>(plain.size());
    stream.next_out = reinterpret_cast<unsigned char*>(packed.data());
    stream.avail_out = static_cast<unsigned>(packed.size());
    if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        throw std::bad_alloc{}; // there is room by deflateBound
    }
    packed.resize(packed.size() - stream.avail_out);
    return packed;
}

} // namespace orfeas::inline v0::net
