// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace orfeas::inline v0::metrics::detail {

/// The label values of one series where any thread may read them while they are overwritten for another series: as words,
/// first how many follow, then for each value its length and its bytes, filled up with zeros. The reader finds out by the
/// series' state whether they were overwritten. Memory for keys is kept for other keys until its family goes.
using stored_key = std::atomic<std::uint64_t>;

/// The values of the labels of one series, sorted by their names. Borrowed.
using label_values = std::span<std::string_view const>;

inline std::size_t words_of(std::string_view value) noexcept {
    return 1 + (value.size() + 7) / 8;
}
inline std::size_t words_of(label_values values) noexcept {
    std::size_t words = 0;
    for (std::string_view const value : values) {
        words += words_of(value);
    }
    return words;
}

/// The last one to seven bytes of a value as a word.
inline std::uint64_t tail_word(char const* p, std::size_t n) noexcept {
    auto const byte = [p](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(p[i])} << 8 * i; };
    if (n < 4) {
        return byte(0) | byte(n / 2) | byte(n - 1);
    }
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, p, sizeof low);
    std::memcpy(&high, p + n - 4, sizeof high);
    return low | std::uint64_t{high} << 8 * (n - 4);
}

/// Calls `f(word)` for each word of a value until it says false; whether it never did.
template<class F>
bool all_words(std::string_view value, F f) {
    if (!f(value.size())) {
        return false;
    }
    char const* p = value.data();
    std::size_t n = value.size();
    for (; n >= 8; n -= 8, p += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, sizeof word);
        if (!f(word)) {
            return false;
        }
    }
    return n == 0 || f(tail_word(p, n));
}

/// A hash of the values; its upper half is well mixed.
inline std::uint64_t hash_of(label_values values) noexcept {
    std::uint64_t hash = orfeas::detail::hash_keys[0];
    for (std::string_view const value : values) {
        if (value.size() <= 16) {
            auto const [low, high] =
                orfeas::detail::load_short(reinterpret_cast<std::byte const*>(value.data()), value.size());
            hash = orfeas::detail::fold_multiply(hash ^ low, orfeas::detail::hash_keys[1] ^ high ^ value.size());
        } else {
            hash = orfeas::detail::hash_bytes(value.data(), value.size(), hash);
        }
    }
    return mix64(hash);
}

/// Whether a stored key has these values. Acquires, so that the series' state can be looked at again after it.
inline bool equal(stored_key const* stored, label_values values, std::size_t words) noexcept {
    if (stored->load(std::memory_order_acquire) != words) {
        return false; // and the other words may not be there
    }
    for (std::string_view const value : values) {
        if (!all_words(value,
                       [&](std::uint64_t word) { return (++stored)->load(std::memory_order_acquire) == word; })) {
            return false;
        }
    }
    return true;
}

/// Overwrites a stored key, which has room for `words` + 1. Not before the series' state has changed.
inline void store(stored_key* stored, label_values values, std::size_t words) noexcept {
    stored->store(words, std::memory_order_release);
    for (std::string_view const value : values) {
        all_words(value, [&](std::uint64_t word) {
            (++stored)->store(word, std::memory_order_release);
            return true;
        });
    }
}

/// Reads the values of a stored key that nobody overwrites.
class stored_values {
  public:
    explicit stored_values(stored_key const* stored) noexcept : at_{stored + 1} {}

    std::string_view next() noexcept {
        std::size_t const size = at_->load(std::memory_order_relaxed);
        std::string_view const value{reinterpret_cast<char const*>(at_ + 1), size};
        at_ += 1 + (size + 7) / 8;
        return value;
    }

  private:
    stored_key const* at_;
};

} // namespace orfeas::inline v0::metrics::detail
