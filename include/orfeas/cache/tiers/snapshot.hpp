// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/codec.hpp>
#include <orfeas/core/stable_hash.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::cache {

/// What came of a snapshot.
struct snapshot_report {
    std::uint64_t entries = 0;    ///< taken in
    std::uint64_t unreadable = 0; ///< records that were damaged, or the rest of a snapshot that was cut off
};

namespace detail {

/// A snapshot is records, one after the other: the number of their bytes (64 bits, little-endian), the key and its envelope
/// as parts (see `append_part`), and the XXH64 of both.
inline void append_snapshot_record(std::string& to, std::string const& key, std::string const& envelope) {
    std::size_t const begin = to.size();
    to.append(sizeof(std::uint64_t), '\0');
    append_part(key, to);
    append_part(envelope, to);
    std::string_view const parts = std::string_view{to}.substr(begin + sizeof(std::uint64_t));
    std::uint64_t const size = parts.size();
    std::uint64_t const hash = stable_hash64(parts);
    std::memcpy(to.data() + begin, &size, sizeof size);
    to.append(reinterpret_cast<char const*>(&hash), sizeof hash);
}

/// Reads the records of a snapshot that someone else owns.
/// Thread-compatible (distinct objects).
class snapshot_reader {
  public:
    struct record {
        std::string key;
        std::string envelope;
    };

    explicit snapshot_reader(std::string_view snapshot) noexcept : rest_{snapshot} {}

    /// The next record that is whole; nothing at the end.
    std::optional<record> next() {
        while (!rest_.empty()) {
            auto const parts = take();
            if (!parts) {
                ++unreadable_;
                continue;
            }
            std::string_view left = *parts;
            auto key = take_part<std::string>(left);
            auto envelope = take_part<std::string>(left);
            if (key && envelope && left.empty()) {
                return record{std::move(*key), std::move(*envelope)};
            }
            ++unreadable_;
        }
        return std::nullopt;
    }

    std::uint64_t unreadable() const noexcept { return unreadable_; }

  private:
    /// Takes a record off the front. A damaged length leaves nothing to go on with.
    std::optional<std::string_view> take() noexcept {
        std::uint64_t size = 0;
        std::uint64_t hash = 0;
        bool const has_head = rest_.size() >= sizeof size + sizeof hash;
        if (has_head) {
            std::memcpy(&size, rest_.data(), sizeof size);
        }
        if (!has_head || size > rest_.size() - sizeof size - sizeof hash) {
            rest_ = {};
            return std::nullopt;
        }
        std::string_view const parts = rest_.substr(sizeof size, size);
        std::memcpy(&hash, rest_.data() + sizeof size + size, sizeof hash);
        rest_.remove_prefix(sizeof size + size + sizeof hash);
        return hash == stable_hash64(parts) ? std::optional{parts} : std::nullopt;
    }

    std::string_view rest_;
    std::uint64_t unreadable_ = 0;
};

} // namespace detail

} // namespace orfeas::inline v0::cache
