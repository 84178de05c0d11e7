// SPDX-License-Identifier: MIT
#include "sample_snapshot.hpp"
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/snapshot.hpp>

#include <cstdint>

using namespace orfeas::memory;

TEST_CASE("memory: blocks of a snapshot tile their ranges") {
    for (auto const& range : orfeas_test::sample_snapshot().ranges) {
        std::uint64_t at = range.address;
        for (auto const& block : range.blocks) {
            CHECK(block.address == at);
            at += block.bytes;
        }
        CHECK(at == range.address + range.bytes);
    }
}

TEST_CASE("memory: parts of a snapshot name their members") {
    auto const sample = orfeas_test::sample_snapshot();
    CHECK_THAT(orfeas::to_json(sample),
               orfeas_test::contains(R"("clock_ns":9000000000,"remaps":true,"events_lost":3})"));
    CHECK_THAT(orfeas::to_json(sample.ranges[0].blocks[1]), orfeas_test::contains(R"("state":"pending")"));
    CHECK(to_string(block_state::free) == "free");
}
