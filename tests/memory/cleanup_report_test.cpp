// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/cleanup_report.hpp>

using orfeas::memory::cleanup_report;

TEST_CASE("memory: a cleanup's report speaks JSON through its fields") {
    cleanup_report const report{.success = false, .freed_bytes = 7, .failure = "cuMemFree failed"};
    CHECK(orfeas::to_json(report) ==
          R"({"success":false,"freed_bytes":7,"reserved_before_bytes":0,"reserved_after_bytes":0,)"
          R"("failure":"cuMemFree failed"})");
}
