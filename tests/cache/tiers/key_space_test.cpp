// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/detail/glob.hpp>
#include <orfeas/cache/tiers/key_space.hpp>

#include <cstdint>
#include <string>

using orfeas::cache::detail::glob_matches;
using orfeas::cache::detail::key_space;

TEST_CASE("cache: keys of one cache stand behind its prefix, and others' are none of its own") {
    key_space<std::uint64_t> const names{"meshes:"};
    CHECK(names.text_of(7) == "meshes:7");
    CHECK(names.key_of("meshes:7") == 7U);
    CHECK_FALSE(names.key_of("images:7"));
    CHECK_FALSE(names.key_of("meshes:x"));
    CHECK_FALSE(names.key_of(""));
    CHECK(key_space<std::string>{""}.key_of("a") == "a");
}

TEST_CASE("cache: a pattern of keys takes the prefix as it is") {
    key_space<std::string> const names{"a*b[c]?\\^:"};
    CHECK(glob_matches(names.pattern("user:*"), names.text_of("user:7")));
    CHECK_FALSE(glob_matches(names.pattern("user:*"), "axb[c]?\\^:user:7"));
    CHECK_FALSE(glob_matches(names.pattern("user:*"), names.text_of("group:7")));
    CHECK_FALSE(glob_matches(names.pattern("*"), "a*bc?\\^:user:7"));
}

TEST_CASE("cache: tags stand beside the keys") {
    key_space<std::string> const names{"meshes:"};
    for (auto const tag : {std::uint64_t{0}, std::uint64_t{0x0123456789abcdef}, ~std::uint64_t{0}}) {
        auto const text = names.tag_text(tag);
        CHECK(names.tag_of(text) == tag);
        CHECK_FALSE(names.key_of(text));
        CHECK_FALSE(glob_matches(names.pattern("*"), text));
    }
    CHECK_FALSE(names.tag_of("orfeas-tag:meshes:0123"));
    CHECK_FALSE(names.tag_of("orfeas-tag:meshes:0123456789abcdeX"));
    CHECK_FALSE(names.tag_of("orfeas-tag:images:0123456789abcdef"));
}
