// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/call_site.hpp>

#include <array>
#include <source_location>

using namespace orfeas::memory;

namespace {

std::source_location one_place() {
    return std::source_location::current();
}

/// Places of their own lines.
std::array<std::source_location, 4> places() {
    return {
        std::source_location::current(),
        std::source_location::current(),
        std::source_location::current(),
        std::source_location::current(),
    };
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

TEST_CASE("memory: two places of one line are two") {
    call_site_table sites;
    auto const here = [](std::source_location at = std::source_location::current()) { return at; };
    auto const left = sites.intern(here()), right = sites.intern(here());
    CHECK_FALSE(left == right);
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
    auto const first = sites.intern(places()[1]);
    CHECK(sites.intern(places()[2]) == other_sites);
    CHECK(sites.intern(places()[3]) == other_sites);
    CHECK(sites.intern(places()[2]) == other_sites);
    CHECK(sites.intern(places()[1]) == first);
    sites.on_allocate({77}, 5);
    CHECK(sites.profile(other_sites).current_bytes == 5);
}

TEST_CASE("memory: call sites that come again are the same") {
    call_site_table sites;
    for (int i = 0; i < 2; ++i) {
        for (auto const& each : places()) {
            sites.intern(each);
        }
    }
    CHECK(sites.size() == 6);
}
