// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

/// Lower-case hexadecimal digits, eight or sixteen at a time: digits are worked on as the bytes of a register.

namespace orfeas::inline v0::trace::detail {

/// Eight times the byte `b`.
constexpr std::uint64_t each_byte(std::uint64_t b) noexcept {
    return b * 0x0101010101010101U;
}

/// The first of eight characters is the most significant byte.
inline std::uint64_t first_on_top(std::uint64_t bytes) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        return __builtin_bswap64(bytes);
    }
    return bytes;
}

/// Reads 8 digits at `text`. `ok` becomes false when one is not of 0-9 and a-f, else it stays as it is.
inline std::uint64_t read_hex8(char const* text, bool& ok) noexcept {
    std::uint64_t digits = 0;
    std::memcpy(&digits, text, 8);
    digits = first_on_top(digits);
    // below 0x80 no sum carries into the next byte: bit 7 says whether the byte reaches the bound
    auto const reaches = [low = digits & each_byte(0x7f)](unsigned bound) { return low + each_byte(0x80U - bound); };
    std::uint64_t const numbers = reaches('0') & ~reaches('9' + 1);
    std::uint64_t const letters = reaches('a') & ~reaches('f' + 1);
    ok = ok && (((numbers | letters) & ~digits & each_byte(0x80)) == each_byte(0x80));
    std::uint64_t value = (digits & each_byte(0x0f)) + ((letters & each_byte(0x80)) >> 7U) * 9U;
    value = (value | value >> 4U) & 0x00ff00ff00ff00ffU;
    value = (value | value >> 8U) & 0x0000ffff0000ffffU;
    return (value | value >> 16U) & 0xffffffffU;
}

/// Reads 16 digits, as `read_hex8` does.
inline std::uint64_t read_hex16(char const* text, bool& ok) noexcept {
    std::uint64_t const high = read_hex8(text, ok);
    return high << 32U | read_hex8(text + 8, ok);
}

/// Reads 2 digits, as `read_hex8` does.
inline std::uint8_t read_hex2(char const* text, bool& ok) noexcept {
    unsigned value = 0;
    for (int i = 0; i < 2; ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        bool const is_number = c >= '0' && c <= '9';
        ok = ok && (is_number || (c >= 'a' && c <= 'f'));
        value = value << 4U | (is_number ? c - unsigned{'0'} : (c - unsigned{'a'} + 10U) & 15U);
    }
    return static_cast<std::uint8_t>(value);
}

/// Sixteen bytes that are worked on at once, by the vector extension that the compilers share.
using byte_vector = signed char __attribute__((vector_size(16)));
using word_vector = std::uint64_t __attribute__((vector_size(16)));

/// Writes 16 digits.
inline void write_hex16(char* out, std::uint64_t value) noexcept {
    value = first_on_top(value);
    std::uint64_t const upper = value >> 4U & each_byte(0x0f);
    std::uint64_t const lower = value & each_byte(0x0f);
    auto const digits = __builtin_shufflevector(reinterpret_cast<byte_vector>(word_vector{upper, 0}),
                                                reinterpret_cast<byte_vector>(word_vector{lower, 0}), 0, 16, 1, 17, 2,
                                                18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23); // by turns, upper halves first
    auto const letters = digits > 9; // all bits set where the digit is above 9
    auto const text = digits + '0' + (letters & ('a' - '0' - 10));
    std::memcpy(out, &text, 16);
}

} // namespace orfeas::inline v0::trace::detail
