// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace orfeas::inline v0::cost::detail {

/// Whether the whole text is what a pattern says: `*` is any characters, `?` one. Steps back at most to the last star.
constexpr bool matches_wildcard(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

} // namespace orfeas::inline v0::cost::detail
