// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/hash.hpp>

#include <bit>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace orfeas;

namespace {

/// The mean number of output bits that change when one input bit does; 32 of 64 is perfect.
template<class Hash>
double mean_flips(std::size_t bytes, Hash&& hash) {
    std::string text(bytes, 'x');
    auto const base = hash(text);
    double flips = 0;
    for (std::size_t bit = 0; bit < bytes * 8; ++bit) {
        auto changed = text;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        flips += std::popcount(base ^ hash(changed));
    }
    return flips / static_cast<double>(bytes * 8);
}

} // namespace

TEST_CASE("core: equal bytes have equal hashes, wherever they lie") {
    std::string const text = "the same seventy bytes, read from two places that are aligned differently";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        std::string const shifted = "-" + text.substr(0, length);
        REQUIRE(hash64(std::string_view{text}.substr(0, length)) == hash64(std::string_view{shifted}.substr(1)));
    }
}

TEST_CASE("core: every prefix of zeros has a hash of its own") {
    std::string const zeros(300, '\0');
    std::set<std::uint64_t> seen;
    for (std::size_t length = 0; length <= zeros.size(); ++length) {
        seen.insert(hash64(std::string_view{zeros}.substr(0, length)));
    }
    CHECK(seen.size() == zeros.size() + 1);
}

TEST_CASE("core: one changed bit changes about half of the hash") {
    for (std::size_t const bytes : {1U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 32U, 33U, 64U, 100U}) {
        INFO(bytes << " bytes");
        double const flips = mean_flips(bytes, [](std::string const& text) { return hash64(text, 7); });
        CHECK(flips > 28);
        CHECK(flips < 36);
    }
}

TEST_CASE("core: seeds give independent hashes") {
    CHECK(hash64("key", 1) != hash64("key", 2));
    CHECK(random_seed() != random_seed());
    auto const content = std::as_bytes(std::span{"content"});
    CHECK(hash128(content, 1) == hash128(content, 1));
    CHECK_FALSE(hash128(content, 1) == hash128(content, 2));
    CHECK(hash128(content).high != hash128(content).low);
}

TEST_CASE("core: neighbouring integers spread over all buckets") {
    hasher<std::uint64_t> const hash{99};
    std::vector<int> buckets(64);
    for (std::uint64_t key = 0; key < 64'000; ++key) {
        ++buckets[hash(key) % 64];
    }
    for (int const count : buckets) {
        CHECK(count > 800);
        CHECK(count < 1200);
    }
}

TEST_CASE("core: a string, its view and its characters hash alike") {
    hasher<std::string> const hash{5};
    CHECK(hash(std::string{"mesh"}) == hash(std::string_view{"mesh"}));
    CHECK(hash("mesh") == hash(std::string_view{"mesh"}));
}
