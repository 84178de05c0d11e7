// SPDX-License-Identifier: MIT
#include "sample_snapshot.hpp"
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/snapshot_summary.hpp>

#include <cstdint>

using namespace orfeas::memory;
using orfeas_test::contains;

TEST_CASE("memory: the blocks of a snapshot in figures") {
    auto const sum = summarize_blocks(orfeas_test::sample_snapshot());
    CHECK(sum.reserved_bytes == 12288);
    CHECK(sum.used_bytes == 3072);
    CHECK(sum.requested_bytes == 2724);
    CHECK(sum.pending_bytes == 2048);
    CHECK(sum.free_bytes == 7168);
    CHECK(sum.largest_free_bytes == 4096);
    CHECK(sum.used_blocks == 2);
    CHECK(sum.free_blocks == 2);
    CHECK(sum.internal_ratio > 0.113);
    CHECK(sum.internal_ratio < 0.114);
    CHECK(sum.external_ratio > 0.428);
    CHECK(sum.external_ratio < 0.429);
    CHECK(summarize_blocks({}).external_ratio == 0);
    CHECK_THAT(orfeas::to_json(sum), contains(R"("used_blocks":2,"free_blocks":2)"));
}

TEST_CASE("memory: live allocations of a snapshot by call site and tag") {
    auto const report = live_allocations(orfeas_test::sample_snapshot());
    CHECK(report.bytes == 3072);
    REQUIRE(report.groups.size() == 2);
    CHECK(report.groups[0].file == "model.cpp");
    CHECK(report.groups[0].tag_name == "weights");
    CHECK(report.groups[1].file == "unknown");
    CHECK(report.groups[1].tag_name == "untagged");
}

TEST_CASE("memory: a leak candidate is older than its tag's allocations become") {
    auto sample = orfeas_test::sample_snapshot();
    CHECK(leak_candidates(sample).groups.empty()); // one ended allocation says nothing
    for (int i = 0; i < 20; ++i) {
        sample.tags[0].lifetimes.record(1'000'000);
        sample.tags[1].lifetimes.record(1'000'000'000);
    }
    auto const report = leak_candidates(sample);
    REQUIRE(report.groups.size() == 1);
    CHECK(report.groups[0].tag_name == "weights");
    CHECK(report.groups[0].bytes == 2048);
}

TEST_CASE("memory: a snapshot in a page") {
    auto const text = to_text(orfeas_test::sample_snapshot());
    CHECK_THAT(text, contains("allocated 3 KiB of 1 GiB, reserved 12 KiB, peak 6 KiB, pressure medium\n"));
    CHECK_THAT(text, contains("fragmentation: 42.9 % of 7 KiB free lies outside the largest of 2 free blocks (4 KiB)"));
    CHECK_THAT(text, contains("events: 10, 3 lost\n"));
    CHECK_THAT(text, contains("  weights: 2 KiB in 1, peak 4 KiB, 3 so far\n"));
    CHECK_THAT(text, contains("2 KiB in 1 allocation, weights, model.cpp:42 (load("));
    CHECK_THAT(text, contains("leak candidates"));
}
