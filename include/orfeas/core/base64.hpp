// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace orfeas::inline v0 {

namespace detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace detail

/// Bytes in base64 (RFC 4648 section 4, padded, no line breaks).
inline std::string base64_encoded(std::span<std::byte const> bytes) {
    std::string encoded;
    encoded.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t const count = bytes.size() - i < 3 ? bytes.size() - i : 3;
        unsigned group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8U | (j < count ? std::to_integer<unsigned>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            encoded.push_back(j <= count ? detail::base64_alphabet[group >> (18 - 6 * j) & 63U] : '=');
        }
    }
    return encoded;
}

/// Undoes base64 (RFC 4648 section 4, padded, no line breaks); empty for anything else.
inline std::optional<std::string> base64_decoded(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        bool const last = i + 4 == text.size();
        std::size_t const padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
        unsigned group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            auto const value = j >= 4 - padding ? 0 : detail::base64_alphabet.find(text[i + j]);
            if (value == std::string_view::npos) {
                return std::nullopt;
            }
            group = group << 6U | static_cast<unsigned>(value);
        }
        for (std::size_t j = 0; j < 3 - padding; ++j) {
            decoded.push_back(static_cast<char>(group >> (16 - 8 * j) & 0xFFU));
        }
    }
    return decoded;
}

} // namespace orfeas::inline v0
