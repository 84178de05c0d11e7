// SPDX-License-Identifier: MIT
#pragma once

#include <sys/random.h>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace orfeas::inline v0 {

/// Mixes 64 bits so that each input bit changes each output bit with probability close to one half.
/// A bijection. Source: David Stafford, "Better Bit Mixing", variant 13 (the finaliser of SplitMix64).
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9U;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebU;
    x ^= x >> 31;
    return x;
}

namespace detail {

/// Folds the 128-bit product of two words into 64 bits (the "mum" step of wyhash, Wang Yi, 2019).
constexpr std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using wide = unsigned __int128;
    wide const product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template<class Word>
std::uint64_t load_word(std::byte const* from) noexcept {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// Up to 16 bytes as two words that, with the length, determine the bytes.
struct short_input {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};

inline short_input load_short(std::byte const* p, std::size_t n) noexcept {
    if (n >= 8) {
        return {load_word<std::uint64_t>(p), load_word<std::uint64_t>(p + n - 8)};
    }
    if (n >= 4) {
        return {load_word<std::uint32_t>(p), load_word<std::uint32_t>(p + n - 4)};
    }
    if (n == 0) {
        return {};
    }
    return {load_word<std::uint8_t>(p) | load_word<std::uint8_t>(p + n / 2) << 8U, load_word<std::uint8_t>(p + n - 1)};
}

inline constexpr std::uint64_t hash_keys[] = {0x9e3779b97f4a7c15U, 0xd1b54a32d192ed03U, 0xabc98388fb8fac03U,
                                              0x8cb92ba72f3d8dd7U};

/// `hash64` of `size` bytes.
inline std::uint64_t hash_bytes(void const* bytes, std::size_t size, std::uint64_t seed) noexcept {
    auto const* p = static_cast<std::byte const*>(bytes);
    std::size_t n = size;
    std::uint64_t const secret = mix64(seed ^ hash_keys[1]); // no input word can cancel what depends on the seed
    std::uint64_t const left = secret ^ hash_keys[2];
    std::uint64_t const right = secret ^ hash_keys[3];
    std::uint64_t a = seed ^ hash_keys[0];
    std::uint64_t b = secret;
    for (; n > 32; n -= 32, p += 32) {
        a = fold_multiply(load_word<std::uint64_t>(p) ^ left, load_word<std::uint64_t>(p + 8) ^ a);
        b = fold_multiply(load_word<std::uint64_t>(p + 16) ^ right, load_word<std::uint64_t>(p + 24) ^ b);
    }
    if (n > 16) {
        a = fold_multiply(load_word<std::uint64_t>(p) ^ left, load_word<std::uint64_t>(p + 8) ^ a);
        p += 16;
        n -= 16;
    }
    auto const [low, high] = load_short(p, n);
    b = fold_multiply(low ^ right, high ^ b);
    return mix64(fold_multiply(a ^ size, b ^ left) ^ a);
}

} // namespace detail

/// Hashes bytes to 64 bits with full avalanche; different seeds give independent functions.
/// Not cryptographic: keep the seed private where an opponent chooses the bytes. The result depends on the byte order
/// of the machine, so it may be used on the wire only between machines of the same order.
/// Complexity: linear, two 64-bit multiplications per 32 bytes. Thread-safe.
inline std::uint64_t hash64(std::span<std::byte const> bytes, std::uint64_t seed = 0) noexcept {
    return detail::hash_bytes(bytes.data(), bytes.size(), seed);
}

/// Hashes the characters of a string; see above.
inline std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0) noexcept {
    return detail::hash_bytes(text.data(), text.size(), seed);
}

/// 128 bits of hash: wide enough to name content by it among billions of items.
struct digest128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend bool operator==(digest128 const&, digest128 const&) = default;
};

/// Hashes bytes to 128 bits: two independent 64-bit hashes. Not cryptographic. Thread-safe.
inline digest128 hash128(std::span<std::byte const> bytes, std::uint64_t seed = 0) noexcept {
    return {detail::hash_bytes(bytes.data(), bytes.size(), mix64(seed + 1)),
            detail::hash_bytes(bytes.data(), bytes.size(), mix64(seed + 2))};
}

/// A seed from the operating system's randomness, different in each process and call. Thread-safe.
/// Throws std::system_error if the kernel gives none.
inline std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
        throw std::system_error{errno, std::generic_category(), "getrandom"};
    }
    return seed;
}

/// A seeded hash function object with full avalanche for integers, enumerations, strings and whatever std::hash takes
/// (whose result is mixed again, since std::hash is the identity for integers).
/// Thread-compatible (distinct objects).
template<class Key>
class hasher {
  public:
    using is_transparent = void;

    explicit constexpr hasher(std::uint64_t seed = 0) noexcept
        : seed_{seed}, mixed_seed_{mix64(seed ^ detail::hash_keys[0])} {}

    template<class K>
    std::uint64_t operator()(K const& key) const noexcept {
        if constexpr (std::convertible_to<K const&, std::string_view>) {
            std::string_view const text{key};
            return detail::hash_bytes(text.data(), text.size(), seed_);
        } else if constexpr (std::is_integral_v<K> || std::is_enum_v<K>) {
            return mix64(static_cast<std::uint64_t>(key) ^ mixed_seed_);
        } else {
            return mix64(static_cast<std::uint64_t>(std::hash<K>{}(key)) ^ mixed_seed_);
        }
    }

  private:
    std::uint64_t seed_;
    std::uint64_t mixed_seed_;
};

} // namespace orfeas::inline v0
