// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/tiers/own_writes.hpp>

#include <optional>
#include <string>

using writes = orfeas::cache::detail::own_writes<std::string>;

namespace {

bool keeps(writes::write const& under_way) {
    return under_way.if_alone([] { return true; });
}

} // namespace

TEST_CASE("cache: a write that nothing crosses may be kept") {
    writes table;
    writes::write const a{table, "a"};
    writes::write const b{table, "b"};
    CHECK(keeps(a));
    CHECK(keeps(b));
    CHECK_FALSE(a.if_alone([] { return false; }));
}

TEST_CASE("cache: a write whose key is changed by others meanwhile may not be kept") {
    writes table;
    table.note_change("a"); // before: of no concern
    writes::write const a{table, "a"};
    writes::write const b{table, "b"};
    table.note_change("a");
    table.note_change("c");
    CHECK_FALSE(keeps(a));
    CHECK(keeps(b));
    table.note_change_of_all();
    CHECK_FALSE(keeps(b));
}

TEST_CASE("cache: of two writes of one key at a time neither may be kept") {
    writes table;
    std::optional<writes::write> first{std::in_place, table, "a"};
    std::optional<writes::write> second{std::in_place, table, "a"};
    CHECK_FALSE(keeps(*first));
    CHECK_FALSE(keeps(*second));
    first.reset();
    CHECK_FALSE(keeps(*second)); // whose answer may be the older one
    writes::write const third{table, "a"};
    CHECK_FALSE(keeps(third));
    second.reset();
    CHECK_FALSE(keeps(third));
}

TEST_CASE("cache: a write that has ended leaves nothing behind") {
    writes table;
    {
        writes::write const first{table, "a"};
        writes::write const second{table, "a"};
        table.note_change("a");
    }
    CHECK_FALSE(table.concern("a"));
    writes::write const next{table, "a"};
    CHECK(keeps(next));
    CHECK(table.concern("a"));
    CHECK_FALSE(table.concern("b"));
}
