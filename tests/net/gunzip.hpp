// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace orfeas_test {

/// What a gzip file holds. Throws std::runtime_error unless it is whole and nothing follows it.
inline std::string gunzip(std::string_view packed) {
    z_stream stream{};
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) {
        throw std::runtime_error{"inflateInit2"};
    }
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string plain;
    std::array<char, 4096> part;
    int state = Z_OK;
    while (state == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(part.data());
        stream.avail_out = part.size();
        state = ::inflate(&stream, Z_NO_FLUSH);
        plain.append(part.data(), part.size() - stream.avail_out);
    }
    bool const is_whole = state == Z_STREAM_END && stream.avail_in == 0;
    ::inflateEnd(&stream);
    if (!is_whole) {
        throw std::runtime_error{"not a whole gzip file"};
    }
    return plain;
}

} // namespace orfeas_test
