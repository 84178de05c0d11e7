// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/pool_options.hpp>

using namespace orfeas::literals;
using orfeas::memory::pool_options;

TEST_CASE("memory: pool options are checked and read from the environment") {
    auto const with = [](pool_options const& options) { orfeas::validate(options); };
    CHECK_THROWS_WITH(with({.segment_bytes = 1}), orfeas_test::contains("segment_bytes"));
    CHECK_THROWS_WITH(with({.medium_mark = 1.5}), orfeas_test::contains("medium_mark"));
    CHECK_THROWS_WITH(with({.medium_mark = 0.9}), orfeas_test::contains("high_mark"));
    CHECK_THROWS_WITH(with({.high_mark = 0.99}), orfeas_test::contains("critical_mark"));
    auto const read = orfeas::from_environment<pool_options>(
        {}, orfeas::environment{"ORFEAS_MEMORY_LIMIT_BYTES=8MiB", "ORFEAS_MEMORY_HIGH_MARK=0.8"});
    CHECK(read.limit_bytes == 8_MiB);
    CHECK(read.high_mark == 0.8);
    CHECK_THROWS_WITH(orfeas::from_environment<pool_options>({}, orfeas::environment{"ORFEAS_MEMORY_LIMITS=1"}),
                      orfeas_test::contains("ORFEAS_MEMORY_LIMITS"));
}
