// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace orfeas::inline v0 {

static_assert(std::endian::native == std::endian::little, "stable_hash64 reads its words in the machine's byte order");

namespace detail {

inline constexpr std::uint64_t xxh64_primes[] = {0x9e3779b185ebca87U, 0xc2b2ae3d27d4eb4fU, 0x165667b19e3779f9U,
                                                 0x85ebca77c2b2ae63U, 0x27d4eb2f165667c5U};

constexpr std::uint64_t xxh64_round(std::uint64_t lane, std::uint64_t word) noexcept {
    return std::rotl(lane + word * xxh64_primes[1], 31) * xxh64_primes[0];
}

constexpr std::uint64_t xxh64_merge(std::uint64_t hash, std::uint64_t lane) noexcept {
    return (hash ^ xxh64_round(0, lane)) * xxh64_primes[0] + xxh64_primes[3];
}

/// The four lanes over all whole stripes of 32 bytes, merged; `p` is left behind the last stripe. `size` is at least 32.
inline std::uint64_t xxh64_stripes(std::byte const*& p, std::size_t size) noexcept {
    std::uint64_t a = xxh64_primes[0] + xxh64_primes[1];
    std::uint64_t b = xxh64_primes[1];
    std::uint64_t c = 0;
    std::uint64_t d = 0 - xxh64_primes[0];
    for (; size >= 32; size -= 32, p += 32) {
        a = xxh64_round(a, load_word<std::uint64_t>(p));
        b = xxh64_round(b, load_word<std::uint64_t>(p + 8));
        c = xxh64_round(c, load_word<std::uint64_t>(p + 16));
        d = xxh64_round(d, load_word<std::uint64_t>(p + 24));
    }
    std::uint64_t const merged = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
    return xxh64_merge(xxh64_merge(xxh64_merge(xxh64_merge(merged, a), b), c), d);
}

/// Takes up the last `size` bytes, fewer than 32.
inline std::uint64_t xxh64_tail(std::uint64_t hash, std::byte const* p, std::size_t size) noexcept {
    for (; size >= 8; size -= 8, p += 8) {
        hash ^= xxh64_round(0, load_word<std::uint64_t>(p));
        hash = std::rotl(hash, 27) * xxh64_primes[0] + xxh64_primes[3];
    }
    if (size >= 4) {
        hash ^= load_word<std::uint32_t>(p) * xxh64_primes[0];
        hash = std::rotl(hash, 23) * xxh64_primes[1] + xxh64_primes[2];
        size -= 4;
        p += 4;
    }
    for (; size > 0; --size, ++p) {
        hash ^= static_cast<std::uint64_t>(*p) * xxh64_primes[4];
        hash = std::rotl(hash, 11) * xxh64_primes[0];
    }
    return hash;
}

} // namespace detail

/// Hashes bytes to 64 bits that never change: not with the release, the process or the machine. For what processes must
/// agree on, such as the node of a key, and for checksums of what is stored. It is XXH64 with seed 0 (Yann Collet, "xxHash
/// fast digest algorithm", 2014), so tools in other languages compute the same. Full avalanche. Not cryptographic, and
/// without a seed: an opponent who chooses the bytes can make them collide; tables in memory use `hash64`.
/// Complexity: linear, 4 to 10 bytes a nanosecond. Thread-safe.
inline std::uint64_t stable_hash64(std::span<std::byte const> bytes) noexcept {
    std::byte const* p = bytes.data();
    std::size_t const size = bytes.size();
    std::uint64_t hash = size >= 32 ? detail::xxh64_stripes(p, size) : detail::xxh64_primes[4];
    hash = detail::xxh64_tail(hash + size, p, size % 32);
    hash = (hash ^ hash >> 33) * detail::xxh64_primes[1];
    hash = (hash ^ hash >> 29) * detail::xxh64_primes[2];
    return hash ^ hash >> 32;
}

/// Hashes the characters of a string; see above.
inline std::uint64_t stable_hash64(std::string_view text) noexcept {
    return stable_hash64(std::as_bytes(std::span{text}));
}

} // namespace orfeas::inline v0
