// SPDX-License-Identifier: MIT
#include "random.hpp"
#include "sample_snapshot.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/timeline_svg.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

// That a parser of XML takes the pictures is tested in tests/conformance/memory_snapshot_test.py.

using namespace orfeas::memory;
using orfeas::memory::detail::usage_timeline;
using orfeas_test::contains;

TEST_CASE("memory: the past follows from the present by the events") {
    memory_snapshot snapshot{.clock_ns = 1000};
    snapshot.profile.reserved_bytes = 4096;
    snapshot.tags = {{.tag = 2, .name = "a", .current_bytes = 1024, .peak_bytes = 3072}};
    snapshot.events = {{.time_ns = 0, .bytes = 2048, .kind = event_kind::reserve},
                       {.time_ns = 300, .bytes = 2048, .tag = 2},
                       {.time_ns = 600, .bytes = 2048, .tag = 2, .kind = event_kind::deallocate},
                       {.time_ns = 610, .bytes = 9999, .kind = event_kind::refuse},
                       {.time_ns = 620, .bytes = 8888, .kind = event_kind::refuse}};
    usage_timeline const usage{snapshot, 10};
    CHECK(usage.series() == 2);
    CHECK(usage.reserved(0) == 4096);
    CHECK(usage.allocated(0, 0) == 1024); // from before the first event
    CHECK(usage.allocated(2, 0) == 1024);
    CHECK(usage.allocated(3, 0) == 3072);
    CHECK(usage.allocated(5, 0) == 3072);
    CHECK(usage.allocated(6, 0) == 3072); // the highest moment of the column
    CHECK(usage.allocated(7, 0) == 1024);
    CHECK(usage.allocated(9, 1) == 0);
    CHECK(usage.highest() == 4096);
    REQUIRE(usage.refusals().size() == 1);
    CHECK(usage.refusals()[0].count == 2);
    CHECK(usage.refusals()[0].bytes == 9999);
}

TEST_CASE("memory: no peak is lost between columns") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    auto const events = orfeas_test::many_events(5000, seed);
    memory_snapshot snapshot{.clock_ns = events.back().time_ns};
    std::array<std::uint64_t, 8> current{};
    std::uint64_t total = 0;
    std::uint64_t peak = 0;
    for (auto const& each : events) {
        bool const comes = each.kind == event_kind::allocate;
        current[each.tag] += comes ? each.bytes : 0 - each.bytes;
        total += comes ? each.bytes : 0 - each.bytes;
        peak = total > peak ? total : peak;
    }
    for (std::uint16_t tag = 0; tag < 8; ++tag) {
        snapshot.tags.push_back({.tag = tag, .name = std::to_string(tag), .current_bytes = current[tag]});
    }
    snapshot.events = events;
    for (std::size_t const columns : {1U, 2U, 37U, 500U}) {
        CHECK(usage_timeline{snapshot, columns}.highest() == peak);
    }
}

TEST_CASE("memory: tags of low peaks share a series") {
    memory_snapshot snapshot{.clock_ns = 10};
    for (std::uint16_t tag = 0; tag < 20; ++tag) {
        snapshot.tags.push_back({.tag = tag, .name = "t", .current_bytes = 100U + tag, .peak_bytes = 100U + tag});
    }
    usage_timeline const usage{snapshot, 2};
    CHECK(usage.series() == 10);
    CHECK(snapshot.tags[usage.tag_at(0)].tag == 19);
    CHECK(usage.allocated(0, 0) == 119);
    CHECK(usage.allocated(1, 9) == 100 + 101 + 102 + 103 + 104 + 105 + 106 + 107 + 108 + 109 + 110);
}

TEST_CASE("memory: the picture of a snapshot") {
    auto sample = orfeas_test::sample_snapshot();
    sample.tags[0].name = "<weights> & \x01\xff";
    auto const picture = timeline_svg(sample);
    CHECK(picture.starts_with("<svg xmlns="));
    CHECK(picture.ends_with("</svg>\n"));
    CHECK_THAT(picture, contains("&lt;weights&gt; &amp; \xef\xbf\xbd\xef\xbf\xbd, peak 4 KiB"));
    CHECK_THAT(picture, contains("<title>1 refused, up to 2 GiB, at 4 s</title>"));
    CHECK_THAT(picture, contains("10 events over 8 s, 3 earlier ones lost"));
    CHECK_THAT(picture, contains("stroke-dasharray"));
    CHECK(picture.size() < 20'000);
}

TEST_CASE("memory: events that do not fit together, and none, make a picture") {
    CHECK_THAT(timeline_svg({}), contains("0 events over 0 s"));
    memory_snapshot snapshot;
    snapshot.events = {{.time_ns = 500, .bytes = 1024, .tag = 900, .kind = event_kind::deallocate},
                       {.time_ns = 100, .bytes = ~std::uint64_t{0} / 2, .tag = 7}};
    CHECK_THAT(timeline_svg(snapshot, {.width = 320, .height = 240}), contains("2 events"));
}
