// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace orfeas::inline v0 {

/// The result of SHA-256: 32 bytes.
using sha256_digest = std::array<std::byte, 32>;

/// SHA-256 (FIPS 180-4) of bytes that come in parts. Plain C++ for signatures of messages that are small and rare: a library
/// that uses the processor's own instructions is several times as fast. Its time depends on the length alone.
///
///     sha256 of;
///     of.add("two ").add("parts");
///     auto const digest = of.finish();
///
/// Thread-compatible (distinct objects).
class sha256 {
  public:
    static constexpr std::size_t block_bytes = 64;

    sha256& add(std::span<std::byte const> bytes) noexcept {
        bytes_ += bytes.size();
        while (!bytes.empty()) {
            auto const taken = std::min(bytes.size(), block_bytes - filled_);
            std::copy_n(bytes.begin(), taken, block_.begin() + static_cast<std::ptrdiff_t>(filled_));
            bytes = bytes.subspan(taken);
            filled_ += taken;
            if (filled_ == block_bytes) {
                take_block();
            }
        }
        return *this;
    }
    sha256& add(std::string_view text) noexcept { return add(std::as_bytes(std::span{text})); }

    /// The digest of all that was added; the object is spent.
    sha256_digest finish() noexcept {
        std::uint64_t const bits = bytes_ * 8;
        block_[filled_++] = std::byte{0x80};
        if (filled_ > block_bytes - sizeof bits) {
            std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_), block_.end(), std::byte{});
            take_block();
        }
        std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_), block_.end(), std::byte{});
        for (std::size_t i = 0; i < sizeof bits; ++i) {
            block_[block_bytes - 1 - i] = static_cast<std::byte>(bits >> 8 * i & 0xFFU);
        }
        take_block();
        sha256_digest made;
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = static_cast<std::byte>(state_[i / 4] >> (24 - 8 * (i % 4)) & 0xFFU);
        }
        return made;
    }

  private:
    using word = std::uint32_t;

    // clang-format off
    static constexpr std::array<word, 64> constants{
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    // clang-format on

    void take_block() noexcept {
        std::array<word, 64> schedule;
        for (std::size_t i = 0; i < 16; ++i) {
            schedule[i] = std::to_integer<word>(block_[4 * i]) << 24 | std::to_integer<word>(block_[4 * i + 1]) << 16 |
                          std::to_integer<word>(block_[4 * i + 2]) << 8 | std::to_integer<word>(block_[4 * i + 3]);
        }
        for (std::size_t i = 16; i < 64; ++i) {
            auto const before = schedule[i - 15];
            auto const last = schedule[i - 2];
            auto const small0 = std::rotr(before, 7) ^ std::rotr(before, 18) ^ before >> 3;
            auto const small1 = std::rotr(last, 17) ^ std::rotr(last, 19) ^ last >> 10;
            schedule[i] = schedule[i - 16] + small0 + schedule[i - 7] + small1;
        }
        auto [a, b, c, d, e, f, g, h] = state_;
        for (std::size_t i = 0; i < 64; ++i) {
            auto const large1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
            auto const first = h + large1 + ((e & f) ^ (~e & g)) + constants[i] + schedule[i];
            auto const large0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
            auto const second = large0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + first;
            d = c;
            c = b;
            b = a;
            a = first + second;
        }
        std::array<word, 8> const moved{a, b, c, d, e, f, g, h};
        for (std::size_t i = 0; i < moved.size(); ++i) {
            state_[i] += moved[i];
        }
        filled_ = 0;
    }

    std::array<word, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::byte, block_bytes> block_{};
    std::size_t filled_ = 0;
    std::uint64_t bytes_ = 0;
};

/// HMAC-SHA256 (RFC 2104) of bytes that come in parts: who knows the key can tell that they come from who knows it, too.
/// Compare codes that others sent in constant time. Thread-compatible (distinct objects).
class hmac_sha256 {
  public:
    explicit hmac_sha256(std::span<std::byte const> key) noexcept {
        std::array<std::byte, sha256::block_bytes> block{};
        if (key.size() > block.size()) {
            auto const digest = sha256{}.add(key).finish();
            std::copy(digest.begin(), digest.end(), block.begin());
        } else {
            std::copy(key.begin(), key.end(), block.begin());
        }
        for (auto& each : block) {
            each ^= std::byte{0x36};
        }
        inner_.add(block);
        for (auto& each : block) {
            each ^= std::byte{0x36 ^ 0x5c};
        }
        outer_.add(block);
    }

    hmac_sha256& add(std::span<std::byte const> bytes) noexcept {
        inner_.add(bytes);
        return *this;
    }
    hmac_sha256& add(std::string_view text) noexcept { return add(std::as_bytes(std::span{text})); }

    /// The code of all that was added; the object is spent.
    sha256_digest finish() noexcept { return outer_.add(inner_.finish()).finish(); }

  private:
    sha256 inner_;
    sha256 outer_;
};

} // namespace orfeas::inline v0
