// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/compress.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cache = orfeas::cache;
using cache::compress_options;
using cache::compressed_codec;

namespace {

template<class T>
std::string bytes_of(compressed_codec<T> const& codec, T const& value) {
    std::string out;
    codec.encode(value, out);
    return out;
}

std::string noise(std::size_t size) {
    std::mt19937_64 random{size};
    std::string text;
    while (text.size() < size) {
        text.push_back(static_cast<char>(random()));
    }
    return text;
}

template<class T>
concept compressible = requires { typename compressed_codec<T>; };
static_assert(compressible<std::string> && cache::codec<compressed_codec<std::vector<int>>, std::vector<int>>);
static_assert(!compressible<std::string_view>, "the inflated bytes would be gone");

} // namespace

TEST_CASE("cache: large values travel compressed and come back") {
    compressed_codec<std::string> const codec;
    std::string const text(100'000, 'x');
    auto const bytes = bytes_of(codec, text);
    CHECK(bytes.size() < 200);
    CHECK(codec.decode(bytes) == text);
    std::string out = "before";
    codec.encode(text, out);
    CHECK(out == "before" + bytes);
    compressed_codec<std::vector<int>> const numbers{{.threshold_bytes = 0, .level = 19}};
    std::vector<int> const zeros(5'000);
    CHECK(numbers.decode(bytes_of(numbers, zeros)) == zeros);
    CHECK(numbers.decode(bytes_of(numbers, std::vector<int>{})) == std::vector<int>{});
}

TEST_CASE("cache: small values, and those that do not shrink, travel as they are behind one byte") {
    compressed_codec<std::string> const codec{{.threshold_bytes = 1'000}};
    std::string const small(999, 'x');
    CHECK(bytes_of(codec, small).size() == 1'000);
    CHECK(codec.decode(bytes_of(codec, small)) == small);
    CHECK(bytes_of(codec, std::string(1'000, 'x')).size() < 100);
    auto const random = noise(50'000);
    CHECK(bytes_of(codec, random).size() == 50'001);
    CHECK(codec.decode(bytes_of(codec, random)) == random);
}

TEST_CASE("cache: a value that would inflate beyond the limit is refused before memory is taken") {
    compressed_codec<std::string> const writer{{.most_bytes = 1ULL << 40U}};
    auto const bomb = bytes_of(writer, std::string(std::size_t{64} << 20U, '\0'));
    CHECK(bomb.size() < 10'000);
    CHECK_FALSE(compressed_codec<std::string>{{.most_bytes = (64ULL << 20U) - 1}}.decode(bomb));
    CHECK(compressed_codec<std::string>{{.most_bytes = 64ULL << 20U}}.decode(bomb)->size() == std::size_t{64} << 20U);
    // A frame that says it holds 2^60 bytes: magic number, one segment with 8 bytes of content size, an empty last block.
    std::string const liar{"\1\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x00\x00\x10\x01\x00\x00", 17};
    CHECK_FALSE(compressed_codec<std::string>{{.most_bytes = 1ULL << 59U}}.decode(liar));
}

TEST_CASE("cache: a frame that does not say its size, or has a neighbour, is refused") {
    // A frame without content size: magic number, window descriptor, one raw last block "a".
    std::string const unsized{"\x28\xb5\x2f\xfd\x00\x58\x09\x00\x00\x61", 10};
    CHECK_FALSE(cache::zstd_unpack(unsized, 1'000));
    std::string one(2'000, 'x');
    REQUIRE(cache::zstd_pack(one, 0, {}));
    CHECK(cache::zstd_unpack(one, 2'000) == std::string(2'000, 'x'));
    CHECK_FALSE(cache::zstd_unpack(one + one, 10'000));
    CHECK_FALSE(cache::zstd_unpack(one + "x", 10'000));
}

TEST_CASE("cache: damaged compressed values are refused or decoded, never more") {
    compressed_codec<std::string> const codec{{.threshold_bytes = 100, .most_bytes = 100'000}};
    std::string text;
    for (int i = 0; i < 500; ++i) {
        text += std::to_string(i * i);
    }
    auto const bytes = bytes_of(codec, text);
    REQUIRE(bytes[0] == '\1');
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(codec.decode(std::string_view{bytes}.substr(0, size)));
    }
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 5'000; ++i) {
        auto damaged = bytes;
        damaged[random() % damaged.size()] = static_cast<char>(random());
        auto const read = codec.decode(damaged);
        REQUIRE((!read || read->size() <= 100'000));
    }
    CHECK_FALSE(codec.decode("\2whatever"));
    CHECK_FALSE(codec.decode(""));
}

TEST_CASE("cache: options of the compression out of range are refused by name") {
    CHECK_THROWS_WITH(compressed_codec<std::string>{{.level = 0}}, orfeas_test::contains("level is '0'"));
    CHECK_THROWS_WITH(compressed_codec<std::string>{{.level = 20}}, orfeas_test::contains("between 1 and 19"));
    CHECK_THROWS_AS(compressed_codec<std::string>{{.most_bytes = 0}}, orfeas::option_error);
}
