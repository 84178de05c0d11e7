// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace orfeas::inline v0::cache::detail {

static_assert(std::endian::native == std::endian::little, "md5 reads and gives its words in the machine's byte order");

/// floor(2^32 * |sin(i + 1)|), as RFC 1321 lists them.
inline constexpr std::array<std::uint32_t, 64> md5_constants{
    0xd76aa478U, 0xe8c7b756U, 0x242070dbU, 0xc1bdceeeU, 0xf57c0fafU, 0x4787c62aU, 0xa8304613U, 0xfd469501U,
    0x698098d8U, 0x8b44f7afU, 0xffff5bb1U, 0x895cd7beU, 0x6b901122U, 0xfd987193U, 0xa679438eU, 0x49b40821U,
    0xf61e2562U, 0xc040b340U, 0x265e5a51U, 0xe9b6c7aaU, 0xd62f105dU, 0x02441453U, 0xd8a1e681U, 0xe7d3fbc8U,
    0x21e1cde6U, 0xc33707d6U, 0xf4d50d87U, 0x455a14edU, 0xa9e3e905U, 0xfcefa3f8U, 0x676f02d9U, 0x8d2a4c8aU,
    0xfffa3942U, 0x8771f681U, 0x6d9d6122U, 0xfde5380cU, 0xa4beea44U, 0x4bdecfa9U, 0xf6bb4b60U, 0xbebfbc70U,
    0x289b7ec6U, 0xeaa127faU, 0xd4ef3085U, 0x04881d05U, 0xd9d4d039U, 0xe6db99e5U, 0x1fa27cf8U, 0xc4ac5665U,
    0xf4292244U, 0x432aff97U, 0xab9423a7U, 0xfc93a039U, 0x655b59c3U, 0x8f0ccc92U, 0xffeff47dU, 0x85845dd1U,
    0x6fa87e4fU, 0xfe2ce6e0U, 0xa3014314U, 0x4e0811a1U, 0xf7537e82U, 0xbd3af235U, 0x2ad7d2bbU, 0xeb86d391U};

/// The rotations of the four rounds, each repeated every four steps.
inline constexpr int md5_rotations[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

using md5_words = std::array<std::uint32_t, 4>;

/// What one step mixes of three state words, and which word of the block it takes.
struct md5_choice {
    std::uint32_t mixed;
    std::size_t word;
};

constexpr md5_choice md5_choose(std::size_t step, md5_words const& s) noexcept {
    auto const [a, b, c, d] = s;
    switch (step / 16) {
    case 0:
        return {(b & c) | (~b & d), step};
    case 1:
        return {(d & b) | (~d & c), (5 * step + 1) % 16};
    case 2:
        return {b ^ c ^ d, (3 * step + 5) % 16};
    default:
        return {c ^ (b | ~d), (7 * step) % 16};
    }
}

inline void md5_block(md5_words& state, char const* block) noexcept {
    std::array<std::uint32_t, 16> words;
    std::memcpy(words.data(), block, sizeof words);
    md5_words s = state;
    for (std::size_t step = 0; step < 64; ++step) {
        auto const [mixed, word] = md5_choose(step, s);
        std::uint32_t const sum = s[0] + mixed + md5_constants[step] + words[word];
        s = {s[3], s[1] + std::rotl(sum, md5_rotations[step / 16][step % 4]), s[1], s[2]};
    }
    for (std::size_t i = 0; i < 4; ++i) {
        state[i] += s[i];
    }
}

/// The MD5 digest of a text as four little-endian words (RFC 1321). MD5 is broken as a cryptographic hash; it is here
/// because the points of a ketama ring are defined by it, and small enough not to be worth a dependency.
inline md5_words md5(std::string_view text) noexcept {
    md5_words state{0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U};
    std::uint64_t const bits = static_cast<std::uint64_t>(text.size()) * 8;
    for (; text.size() >= 64; text.remove_prefix(64)) {
        md5_block(state, text.data());
    }
    std::array<char, 128> last{}; // what is left, a one bit, zeros, the length in bits
    std::copy(text.begin(), text.end(), last.begin());
    last[text.size()] = static_cast<char>(0x80);
    std::size_t const size = text.size() < 56 ? 64 : 128;
    std::memcpy(last.data() + size - sizeof bits, &bits, sizeof bits);
    for (std::size_t at = 0; at < size; at += 64) {
        md5_block(state, last.data() + at);
    }
    return state;
}

} // namespace orfeas::inline v0::cache::detail
