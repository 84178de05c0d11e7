// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/stable_hash.hpp>

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

using namespace orfeas;

TEST_CASE("core: the stable hash is XXH64 and never changes") {
    // The first three are published with the algorithm; the others agree with the XXH64 inside libzstd 1.5.4.
    CHECK(stable_hash64("") == 0xef46db3751d8e999U);
    CHECK(stable_hash64("a") == 0xd24ec4f1a98c6e5bU);
    CHECK(stable_hash64("abc") == 0x44bc2cf5ad770999U);
    CHECK(stable_hash64("user:1000") == 0x4836ae4227b0500aU);
    CHECK(stable_hash64("mesh/0123456789abcdef/64x64/relief") == 0xe7f5650e3e52cea0U);
    CHECK(stable_hash64("the quick brown fox jumps over the lazy dog, twice over and then some more") ==
          0xa36d481699886f7eU);
}

TEST_CASE("core: the stable hash of bytes and of text agree, wherever they lie") {
    std::string const text = "the same seventy bytes, read from two places that are aligned differently";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        std::string const shifted = "-" + text.substr(0, length);
        auto const part = std::string_view{text}.substr(0, length);
        REQUIRE(stable_hash64(part) == stable_hash64(shifted.substr(1)));
        REQUIRE(stable_hash64(part) == stable_hash64(std::as_bytes(std::span{part})));
    }
}

TEST_CASE("core: one changed bit changes about half of the stable hash, its top bits included") {
    for (std::size_t const bytes : {1U, 4U, 7U, 8U, 31U, 32U, 33U, 64U, 100U}) {
        INFO(bytes << " bytes");
        std::string const text(bytes, 'x');
        auto const base = stable_hash64(text);
        double flips = 0;
        double top = 0;
        for (std::size_t bit = 0; bit < bytes * 8; ++bit) {
            auto changed = text;
            changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
            flips += std::popcount(base ^ stable_hash64(changed));
            top += std::popcount((base ^ stable_hash64(changed)) >> 50);
        }
        CHECK(flips / static_cast<double>(bytes * 8) > 27);
        CHECK(flips / static_cast<double>(bytes * 8) < 37);
        CHECK(top / static_cast<double>(bytes * 8) > 4.5);
        CHECK(top / static_cast<double>(bytes * 8) < 9.5);
    }
}
