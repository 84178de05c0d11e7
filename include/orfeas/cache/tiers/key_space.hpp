// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/tiers/key_text.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// How the keys and tags of one cache are called on servers that it shares with others.
/// Thread-safe.
template<class Key>
class key_space {
  public:
    explicit key_space(std::string prefix) : prefix_{std::move(prefix)}, tag_prefix_{"orfeas-tag:" + prefix_} {}

    std::string text_of(Key const& key) const {
        std::string text = prefix_;
        append_key_text(key, text);
        return text;
    }

    /// The key that stands on a server as `text`; empty for others'.
    std::optional<Key> key_of(std::string_view text) const {
        bool const is_ours = text.starts_with(prefix_);
        return is_ours ? key_of_text<Key>(text.substr(prefix_.size())) : std::nullopt;
    }

    /// The pattern of the keys on the servers whose own part matches `pattern`: the prefix stands for itself.
    std::string pattern(std::string_view pattern) const {
        std::string whole;
        for (char const c : prefix_) {
            if (std::string_view{"*?[]\\^"}.find(c) != std::string_view::npos) {
                whole.push_back('\\');
            }
            whole.push_back(c);
        }
        return whole.append(pattern);
    }

    /// Where the generation of a tag (its hash) stands. Beside the keys and not among them: who clears the cache must not
    /// turn tags back.
    std::string tag_text(std::uint64_t tag) const {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string text = tag_prefix_;
        for (int shift = 60; shift >= 0; shift -= 4) {
            text.push_back(digits[tag >> shift & 15U]);
        }
        return text;
    }

    /// The tag whose generation stands as `text`; empty for all else.
    std::optional<std::uint64_t> tag_of(std::string_view text) const noexcept {
        if (text.size() != tag_prefix_.size() + 16 || !text.starts_with(tag_prefix_)) {
            return std::nullopt;
        }
        std::uint64_t tag = 0;
        auto const end = text.data() + text.size();
        auto const [rest, failed] = std::from_chars(text.data() + tag_prefix_.size(), end, tag, 16);
        return failed == std::errc{} && rest == end ? std::optional{tag} : std::nullopt;
    }

  private:
    std::string prefix_;
    std::string tag_prefix_;
};

} // namespace orfeas::inline v0::cache::detail
