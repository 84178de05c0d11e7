// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/call_site.hpp>

#include <source_location>
#include <utility>

using namespace orfeas::memory;

namespace {

std::source_location one_place() {
    return std::source_location::current();
}

template<int>
std::source_location place_of() {
    return std::source_location::current();
}

} // namespace

TEST_CASE("memory: a call site keeps its number") {
    call_site_table sites;
    auto const here = sites.intern(one_place());
    CHECK(here.value == 2);
    auto const line = std::source_location::current();
    auto const there = sites.intern(line);
    CHECK(there.value == 3);
    CHECK(sites.intern(one_place()) == here);
    CHECK(sites.intern(line) == there);
    CHECK(sites.size() == 4);
    auto const profile = sites.profile(there);
    CHECK(profile.line == line.line());
    CHECK(profile.file == line.file_name());
    CHECK(profile.function == line.function_name());
}

TEST_CASE("memory: places of one line in two functions are two") {
    call_site_table sites;
    CHECK_FALSE(sites.intern(place_of<1>()) == sites.intern(place_of<2>()));
}

TEST_CASE("memory: the account of a call site") {
    call_site_table sites;
    auto const here = sites.intern(one_place());
    auto const there = sites.intern(std::source_location::current());
    sites.on_allocate(here, 100);
    sites.on_allocate(here, 200);
    sites.on_allocate(there, 250);
    sites.on_deallocate(here, 100);
    sites.on_allocate(unknown_site, 1);
    auto const profiles = sites.profiles();
    REQUIRE(profiles.size() == 3);
    CHECK(profiles[0].site == there.value);
    CHECK(profiles[1].site == here.value);
    CHECK(profiles[1].current_bytes == 200);
    CHECK(profiles[1].allocations == 1);
    CHECK(profiles[1].allocations_total == 2);
    CHECK(profiles[2].file == "unknown");
    CHECK_THAT(orfeas::to_json(profiles[2]), orfeas_test::contains(R"("file":"unknown","line":0)"));
}

TEST_CASE("memory: call sites beyond the bound are one") {
    call_site_table sites{3};
    auto const first = sites.intern(place_of<1>());
    CHECK(sites.intern(place_of<2>()) == other_sites);
    CHECK(sites.intern(place_of<3>()) == other_sites);
    CHECK(sites.intern(place_of<2>()) == other_sites);
    CHECK(sites.intern(place_of<1>()) == first);
    sites.on_allocate({77}, 5);
    CHECK(sites.profile(other_sites).current_bytes == 5);
}

TEST_CASE("memory: many call sites") {
    call_site_table sites;
    auto const intern_all = [&]<int... I>(std::integer_sequence<int, I...>) { (sites.intern(place_of<I>()), ...); };
    intern_all(std::make_integer_sequence<int, 100>{});
    intern_all(std::make_integer_sequence<int, 100>{});
    CHECK(sites.size() == 102);
}
