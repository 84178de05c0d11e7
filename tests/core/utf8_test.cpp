// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/utf8.hpp>

#include <string>

using namespace orfeas;

namespace {

/// UTF-8 as the definition has it, for every number below 2^21, whether a character or not.
std::string encoded(char32_t point, std::size_t length) {
    std::string bytes(length, '\0');
    for (std::size_t i = length; i-- > 1; point >>= 6U) {
        bytes[i] = static_cast<char>(0x80U | (point & 0x3FU));
    }
    unsigned const marks[] = {0, 0, 0xC0U, 0xE0U, 0xF0U};
    bytes[0] = static_cast<char>(marks[length] | point);
    return bytes;
}

std::size_t shortest(char32_t point) {
    return point < 0x80U ? 1 : point < 0x800U ? 2 : point < 0x10000U ? 3 : 4;
}

} // namespace

TEST_CASE("core: every character has the length of its UTF-8, and nothing else has one") {
    char32_t const limits[] = {0, 0x80U, 0x800U, 0x10000U, 0x200000U};
    std::size_t wrong = 0;
    for (std::size_t length = 1; length <= 4; ++length) {
        for (char32_t point = 0; point < limits[length]; ++point) {
            bool const is_character = point <= 0x10FFFFU && (point < 0xD800U || point > 0xDFFFU);
            std::size_t const expected = is_character && shortest(point) == length ? length : 0;
            wrong += utf8_length(encoded(point, length)) != expected ? 1U : 0U;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("core: a sequence that is cut or interrupted is not UTF-8") {
    for (std::string const whole : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
        CHECK(utf8_length(whole) == whole.size());
        CHECK(utf8_length(whole + "more") == whole.size());
        for (std::size_t kept = 1; kept < whole.size(); ++kept) {
            CHECK(utf8_length(whole.substr(0, kept)) == 0);
            CHECK(utf8_length(whole.substr(0, kept) + "zzzz") == 0);
        }
    }
    CHECK(utf8_length("") == 0);
    CHECK(utf8_length("\x80") == 0);                 // a continuation without a lead
    CHECK(utf8_length("\xF8\x88\x80\x80\x80") == 0); // five bytes, which there never are
}

TEST_CASE("core: the replacement character is UTF-8 itself") {
    static_assert(utf8_length(replacement_character) == 3);
    CHECK(replacement_character == "\xEF\xBF\xBD");
}
