// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace orfeas::inline v0::cache::detail {

/// Whether a character is in the set that begins after `[` at `at`; moves `at` past its end. A set that is not closed
/// ends with the pattern, as in Redis.
inline bool glob_set_has(std::string_view pattern, std::size_t& at, char c) noexcept {
    bool const negated = at < pattern.size() && pattern[at] == '^';
    at += negated ? 1U : 0U;
    bool has = false;
    while (at < pattern.size() && pattern[at] != ']') {
        if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            has = has || pattern[at + 1] == c;
            at += 2;
        } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
            char const low = pattern[at] < pattern[at + 2] ? pattern[at] : pattern[at + 2];
            char const high = pattern[at] < pattern[at + 2] ? pattern[at + 2] : pattern[at];
            has = has || (low <= c && c <= high);
            at += 3;
        } else {
            has = has || pattern[at] == c;
            ++at;
        }
    }
    at += at < pattern.size() ? 1U : 0U;
    return has != negated;
}

/// Whether the one character matches the pattern's next element; moves `at` past that.
inline bool glob_matches_one(std::string_view pattern, std::size_t& at, char c) noexcept {
    char const element = pattern[at++];
    if (element == '?') {
        return true;
    }
    if (element == '[') {
        return glob_set_has(pattern, at, c);
    }
    if (element == '\\' && at < pattern.size()) {
        return pattern[at++] == c;
    }
    return element == c;
}

/// Whether the text matches a pattern of Redis: `*` any characters, `?` one, `[abc]`, `[a-z]`, `[^a]` one of a set, `\`
/// the next character itself. Complexity: O(text × pattern) at worst; only the last `*` is tried again.
inline bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
    std::size_t at = 0;
    std::size_t in = 0;
    std::size_t star = std::string_view::npos; // the element after the last one
    std::size_t starred = 0;                   // where what it stands for ends at present
    while (in < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = ++at;
            starred = in;
            continue;
        }
        if (at < pattern.size() && glob_matches_one(pattern, at, text[in])) {
            ++in;
            continue;
        }
        if (star == std::string_view::npos) {
            return false;
        }
        at = star;
        in = ++starred;
    }
    while (at < pattern.size() && pattern[at] == '*') {
        ++at;
    }
    return at == pattern.size();
}

} // namespace orfeas::inline v0::cache::detail
