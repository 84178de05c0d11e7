// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

/// Lower-case hexadecimal digits, eight at a time: the digits of a word are worked on as the bytes of a register.

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

/// Writes the low 32 bits of `value` as 8 digits.
inline void write_hex8(char* out, std::uint64_t value) noexcept {
    value &= 0xffffffffU;
    value = (value | value << 16U) & 0x0000ffff0000ffffU;
    value = (value | value << 8U) & 0x00ff00ff00ff00ffU;
    value = (value | value << 4U) & each_byte(0x0f);
    std::uint64_t const letters = ((value + each_byte(6)) >> 4U) & each_byte(1); // 1 where the digit is above 9
    value = first_on_top(value + each_byte('0') + letters * ('a' - '0' - 10U));
    std::memcpy(out, &value, 8);
}

/// Writes 16 digits.
inline void write_hex16(char* out, std::uint64_t value) noexcept {
    write_hex8(out, value >> 32U);
    write_hex8(out + 8, value);
}

} // namespace orfeas::inline v0::trace::detail
