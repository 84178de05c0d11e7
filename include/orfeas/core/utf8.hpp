// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace orfeas::inline v0 {

/// U+FFFD in UTF-8, which stands in output for a byte that cannot be read.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// The length of the well-formed UTF-8 sequence that `text` starts with (RFC 3629): 1 to 4, or 0 if it starts with none.
constexpr std::size_t utf8_length(std::string_view text) noexcept {
    if (text.empty()) {
        return 0;
    }
    auto const lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80U) {
        return 1;
    }
    // 0xC0 and 0xC1 would be overlong, 0xF5 and more above U+10FFFF
    std::size_t const length = lead < 0xC2U ? 0 : lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : lead < 0xF5U ? 4 : 0;
    if (length == 0 || text.size() < length) {
        return 0;
    }
    char32_t point = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        auto const next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80U) {
            return 0;
        }
        point = point << 6U | (next & 0x3FU);
    }
    bool const is_overlong = (length == 3 && point < 0x800U) || (length == 4 && point < 0x10000U);
    bool const is_surrogate = point >= 0xD800U && point <= 0xDFFFU;
    return is_overlong || is_surrogate || point > 0x10FFFFU ? 0 : length;
}

} // namespace orfeas::inline v0
