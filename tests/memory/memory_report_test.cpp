// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/memory/memory_report.hpp>

#include <chrono>

using namespace orfeas::literals;
using orfeas::memory::memory_advice;
using orfeas::memory::memory_history;
using orfeas::memory::memory_pressure;
using orfeas::memory::memory_profile;
using orfeas::memory::memory_trend;
using orfeas::memory::report_of;

namespace {

memory_profile sample(int second, double utilization, double fragmentation, memory_pressure pressure) {
    memory_profile result;
    result.total_bytes = 100_MiB;
    result.allocated_bytes = static_cast<std::uint64_t>(utilization * 100) * 1_MiB;
    result.utilization_ratio = utilization;
    result.fragmentation_ratio = fragmentation;
    result.pressure = pressure;
    result.time = orfeas::wall_time{} + std::chrono::seconds{second};
    return result;
}

} // namespace

TEST_CASE("memory: a report without history says so") {
    auto const report = report_of(memory_history{});
    CHECK_FALSE(report.current.has_value());
    CHECK(report.recommendations.empty());
    CHECK(to_text(report) == "no history\n");
    CHECK_THAT(orfeas::to_json(report), orfeas_test::contains(R"("current":null)"));
}

TEST_CASE("memory: a report gathers the history and what to do") {
    memory_history history;
    for (int i = 0; i < 9; ++i) {
        history.record(sample(1000 + i, 0.1 * (i + 1), 0.1 * i, i < 8 ? memory_pressure::low : memory_pressure::high));
    }
    orfeas::wall_time const time = orfeas::wall_time{} + std::chrono::seconds{1005};
    history.record({.time = time,
                    .report = {.freed_bytes = 3_MiB, .reserved_before_bytes = 9_MiB, .reserved_after_bytes = 6_MiB}});
    history.record({.time = time,
                    .report = {.success = false,
                               .reserved_before_bytes = 6_MiB,
                               .reserved_after_bytes = 6_MiB,
                               .failure = "cuMemFree failed"}});
    auto const report = report_of(history, {.pool = true, .virtual_memory = true, .cleanup_ahead = true});
    CHECK(report.trend == memory_trend::rising);
    CHECK(report.cleanups.size() == 2);
    CHECK(report.total_freed_bytes == 3_MiB);
    REQUIRE(report.recommendations.size() == 2);
    CHECK(report.recommendations[0].advice == memory_advice::load_models_otherwise);
    CHECK(report.recommendations[1].advice == memory_advice::fewer_sizes);
    CHECK(to_text(report) ==
          "memory: 90 MiB of 100 MiB in use (90 %), pressure high, trend rising\n"
          "fragmentation: now 80 %, at most 80 %, on average 40 % of 9 samples\n"
          "cleanups: 2, 3 MiB given back\n"
          "  9 MiB -> 6 MiB\n"
          "  6 MiB -> 6 MiB, failed: cuMemFree failed\n"
          "* load models one at a time, in parts or in a smaller type: 90 % in use\n"
          "* allocate long-lived buffers first and reuse sizes: 80 % of the free memory lies in pieces\n");
    CHECK_THAT(orfeas::to_json(report), orfeas_test::contains(R"("trend":"rising")"));
}

TEST_CASE("memory: only cleanups within the window are too frequent") {
    memory_history history;
    for (int i = 0; i < 10; ++i) {
        history.record({.time = orfeas::wall_time{} + std::chrono::seconds{1000 + i}, .report = {}});
    }
    CHECK(to_text(report_of(history)).starts_with("cleanups: 10, "));
    history.record(sample(1100, 0.2, 0, memory_pressure::low));
    CHECK(report_of(history).recommendations[0].advice == memory_advice::fewer_cleanups);
    history.record(sample(1400, 0.2, 0, memory_pressure::low));
    CHECK(report_of(history).recommendations[0].advice == memory_advice::all_well);
}
