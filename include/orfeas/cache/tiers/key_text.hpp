// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/codec.hpp>

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace orfeas::inline v0::cache::detail {

/// Keys that are numbers stand on a server as decimal text, so that people and other programs can read them.
template<class Key>
concept number_key = std::integral<Key> && !std::same_as<Key, bool> && !std::same_as<Key, char>;

/// Appends what stands on a server for `key`: strings as they are, whole numbers in decimal, others by their codec.
template<class Key>
void append_key_text(Key const& key, std::string& to) {
    if constexpr (std::convertible_to<Key const&, std::string_view>) {
        to.append(std::string_view{key});
    } else if constexpr (number_key<Key>) {
        char digits[24];
        to.append(digits, std::to_chars(digits, digits + sizeof digits, key).ptr);
    } else {
        default_codec<Key>{}.encode(key, to);
    }
}

/// The key that `append_key_text` wrote; empty for a text that is not of its making.
template<class Key>
std::optional<Key> key_of_text(std::string_view text) {
    if constexpr (std::constructible_from<Key, std::string_view>) {
        return Key{text};
    } else if constexpr (number_key<Key>) {
        Key key{};
        auto const [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), key);
        bool const whole = failed == std::errc{} && rest == text.data() + text.size();
        return whole ? std::optional{key} : std::nullopt;
    } else {
        return default_codec<Key>{}.decode(text);
    }
}

} // namespace orfeas::inline v0::cache::detail
