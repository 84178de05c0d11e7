// SPDX-License-Identifier: MIT
#include "random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/leak_report.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <source_location>
#include <utility>

using namespace orfeas::memory;

TEST_CASE("memory: a leak report sums up what is live by call site and tag") {
    call_site_table sites;
    tag_table tags;
    auto const here = sites.intern(std::source_location::current());
    auto const mesh = tags.intern("mesh");
    leak_tally tally;
    tally.add(here.value, mesh.value, 1024, 70);
    tally.add(unknown_site.value, untagged.value, 4096, 20);
    tally.add(here.value, mesh.value, 512, 50);
    tally.add(here.value, untagged.value, 512, 60);
    auto const report = tally.finish(sites, tags);
    CHECK(report.bytes == 6144);
    CHECK(report.allocations == 4);
    REQUIRE(report.groups.size() == 3);
    CHECK(report.groups[0].file == "unknown");
    CHECK(report.groups[1].tag_name == "mesh");
    CHECK(report.groups[1].bytes == 1536);
    CHECK(report.groups[1].allocations == 2);
    CHECK(report.groups[1].oldest_ns == 50);
    CHECK(report.groups[2].tag_name == "untagged");

    auto const text = to_text(report, 2);
    CHECK_THAT(text, orfeas_test::contains("live: 6 KiB in 4 allocations\n"));
    CHECK_THAT(text, orfeas_test::contains("  4 KiB in 1 allocation, untagged, unknown\n"));
    CHECK_THAT(text, orfeas_test::contains("  1.5 KiB in 2 allocations, mesh, "));
    CHECK_THAT(text, orfeas_test::contains("leak_report_test.cpp:"));
    CHECK_THAT(text, orfeas_test::contains("  and 1 more call sites\n"));
    CHECK_THAT(orfeas::to_json(report), orfeas_test::contains(R"("bytes":6144,"allocations":4})"));

    CHECK(tally.finish(sites, tags).groups.empty());
    CHECK(to_text(leak_report{}) == "live: 0 B in 0 allocations\n");
}

TEST_CASE("memory: a leak report agrees with a plain map") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint64_t> model;
    leak_tally tally;
    for (int i = 0; i < 3000; ++i) {
        auto const site = static_cast<std::uint32_t>(random() % 60);
        auto const tag = static_cast<std::uint16_t>(random() % 8);
        auto const bytes = orfeas_test::log_uniform(random, 1U << 30U);
        tally.add(site, tag, bytes);
        model[{site, tag}] += bytes;
    }
    auto const report = tally.finish([](live_group&) {});
    CHECK(report.groups.size() == model.size());
    std::uint64_t last = ~std::uint64_t{0};
    for (auto const& each : report.groups) {
        CHECK(each.bytes == model[{each.site, each.tag}]);
        CHECK(each.bytes <= last);
        last = each.bytes;
    }
}
