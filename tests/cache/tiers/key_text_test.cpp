// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/tiers/key_text.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using orfeas::cache::detail::append_key_text;
using orfeas::cache::detail::key_of_text;

namespace {

template<class Key>
std::string text_of(Key const& key) {
    std::string text;
    append_key_text(key, text);
    return text;
}

struct place {
    std::uint32_t row;
    std::uint32_t column;
    bool operator==(place const&) const = default;
};

} // namespace

TEST_CASE("cache: keys on a server can be read by people where they are texts or numbers") {
    CHECK(text_of(std::string{"user:7"}) == "user:7");
    CHECK(text_of(std::string_view{"user:7"}) == "user:7");
    CHECK(text_of(42U) == "42");
    CHECK(text_of(std::int64_t{-5}) == "-5");
}

TEST_CASE("cache: each key comes back from its text") {
    CHECK(key_of_text<std::string>("") == std::string{});
    CHECK(key_of_text<std::string>(std::string_view{"a\0b", 3}) == std::string("a\0b", 3));
    for (auto const key : {std::uint64_t{0}, std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max()}) {
        CHECK(key_of_text<std::uint64_t>(text_of(key)) == key);
    }
    CHECK(key_of_text<std::int8_t>(text_of(std::int8_t{-128})) == std::int8_t{-128});
    CHECK(key_of_text<place>(text_of(place{1, 2})) == place{1, 2});
    std::vector<std::string> const path{"a", "", "b"};
    CHECK(key_of_text<std::vector<std::string>>(text_of(path)) == path);
}

TEST_CASE("cache: a text that is no key is none") {
    CHECK_FALSE(key_of_text<std::uint64_t>(""));
    CHECK_FALSE(key_of_text<std::uint64_t>("7x"));
    CHECK_FALSE(key_of_text<std::uint64_t>("-1"));
    CHECK_FALSE(key_of_text<std::uint8_t>("256"));
    CHECK_FALSE(key_of_text<place>("short"));
}
