// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/fields.hpp>

#include <string>
#include <vector>

using namespace orfeas;

namespace {

struct report {
    int size = 3;
    double share = 0.5;
    static void fields(auto& self, auto&& field) {
        field("size", self.size, unit::bytes, "how much");
        field("share", self.share, unit::ratio, "which part");
    }
};
static_assert(has_fields<report>);
static_assert(has_fields<report const>);

struct silent {
    int size = 3;
};
static_assert(!has_fields<silent>);
static_assert(!has_fields<int>);

} // namespace

TEST_CASE("core: the members of a struct are visited by name, in order, and may be changed") {
    report each;
    std::vector<std::string> names;
    for_each_field(each, [&](std::string_view name, auto& member, unit, std::string_view) {
        names.emplace_back(name);
        member *= 2;
    });
    CHECK(names == std::vector<std::string>{"size", "share"});
    CHECK(each.size == 6);
    CHECK(each.share == 1.0);
}
