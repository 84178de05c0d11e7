// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/memory/tag.hpp>

#include <string>

using namespace orfeas::memory;

TEST_CASE("memory: a tag keeps its number and its name") {
    tag_table tags;
    CHECK(tags.size() == 2);
    CHECK(tags.intern("") == untagged);
    CHECK(tags.name(untagged) == "untagged");
    auto const weights = tags.intern("weights");
    auto const name = tags.name(weights);
    for (int i = 0; i < 100; ++i) {
        CHECK(tags.intern("tag " + std::to_string(i)).value == weights.value + 1 + i);
    }
    CHECK(tags.intern("weights") == weights);
    CHECK(name == "weights"); // the view is still good
    CHECK(name.data() == tags.name(weights).data());
    CHECK(tags.intern("tag 57").value == weights.value + 58);
}

TEST_CASE("memory: tags beyond the bound are one") {
    tag_table tags{3};
    auto const first = tags.intern("first");
    CHECK(first.value == 2);
    CHECK(tags.intern("second") == other_tags);
    CHECK(tags.intern("third") == other_tags);
    CHECK(tags.intern("first") == first);
    CHECK(tags.size() == tags.limit());
    CHECK(tags.name(other_tags) == "other");
    CHECK(tags.name({999}) == "other");
}

TEST_CASE("memory: a tag of the name other or untagged is a tag of its own") {
    tag_table tags;
    CHECK_FALSE(tags.intern("other") == other_tags); // asked for by name, not for want of room
    CHECK_FALSE(tags.intern("untagged") == untagged);
}
