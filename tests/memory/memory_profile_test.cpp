// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/memory_profile.hpp>

using orfeas::memory::memory_pressure;
using orfeas::memory::memory_profile;

TEST_CASE("memory: a profile speaks JSON through its fields") {
    memory_profile profile;
    profile.total_bytes = 100;
    profile.fragmentation_ratio = 0.25;
    profile.pressure = memory_pressure::high;
    auto const json = orfeas::to_json(profile);
    CHECK_THAT(json, orfeas_test::contains(R"("total_bytes":100,"allocated_bytes":0)"));
    CHECK_THAT(json, orfeas_test::contains(R"("fragmentation_ratio":0.25)"));
    CHECK_THAT(json, orfeas_test::contains(R"("pressure":"high")"));
}

TEST_CASE("memory: pressure levels have names") {
    CHECK(to_string(memory_pressure::low) == "low");
    CHECK(to_string(memory_pressure::medium) == "medium");
    CHECK(to_string(memory_pressure::critical) == "critical");
}
