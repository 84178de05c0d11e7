// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/operations.hpp>

#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;

TEST_CASE("trace: statistics by name agree with a plain map") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    struct counts {
        std::uint64_t count = 0;
        std::uint64_t errors = 0;
    };
    constexpr std::size_t most_names = 40;
    trace::detail::operation_table table{most_names};
    std::map<std::string, counts> model;
    for (int i = 0; i < 5000; ++i) {
        std::string name = "operation " + std::to_string(random() % 50);
        bool const failed = random() % 3 == 0;
        table.of(name, false).record(1'000'000, 500'000, failed);
        if (model.size() - model.count("(other)") == most_names && !model.contains(name)) {
            name = "(other)";
        }
        ++model[name].count;
        model[name].errors += failed ? 1U : 0U;
    }
    auto const report = table.report();
    CHECK(report.size() == model.size());
    for (auto const& each : report) {
        CHECK(each.count == model[each.name].count);
        CHECK(each.errors == model[each.name].errors);
        CHECK(std::abs(each.self_ms - 0.5) < 1e-9);
    }
}

TEST_CASE("trace: quantiles of an operation are within a few per cent") {
    trace::detail::operation_table table{4};
    for (int i = 1; i <= 1000; ++i) {
        table.of("work", true).record(std::int64_t{i} * 1000, 0, false);
    }
    auto const work = table.report().at(0);
    CHECK(std::abs(work.p50_ms - 0.5) < 0.01);
    CHECK(std::abs(work.p95_ms - 0.95) < 0.02);
    CHECK(std::abs(work.p99_ms - 0.99) < 0.02);
    CHECK(std::abs(work.mean_ms - 0.5005) < 1e-9);
}

TEST_CASE("trace: names by address and by text are the same operations") {
    trace::detail::operation_table table{1};
    std::string const copy{"work"};
    table.of("work", true).record(1000, 1000, false);
    table.of(copy, false).record(1000, 1000, false);
    table.of("work", true).record(1000, 1000, true);
    table.of("other", true).record(1000, 1000, false);
    auto const report = table.report();
    REQUIRE(report.size() == 2);
    CHECK(report[0].count == 3);
    CHECK(report[0].errors == 1);
    CHECK(report[1].name == "(other)");
}

TEST_CASE("trace: the usual duration of an operation is known after some, and follows slowly") {
    trace::detail::operation one;
    for (int i = 1; i <= 63; ++i) {
        one.record(1'000'000, 0, false);
    }
    CHECK(one.usual_duration(0.9) == 0ns);
    one.record(1'000'000, 0, false);
    CHECK(std::abs(static_cast<double>(one.usual_duration(0.9).count()) - 1e6) < 2e4);
    for (int i = 1; i <= 1000; ++i) {
        one.record(9'000'000, 0, false);
    }
    CHECK(std::abs(static_cast<double>(one.usual_duration(0.9).count()) - 9e6) < 2e5);
}

TEST_CASE("trace: kept traces are counted by the second") {
    trace::detail::operation one;
    CHECK(one.kept_in(10) == 0);
    one.kept += 2;
    CHECK(one.kept_in(10) == 2);
    CHECK(one.kept_in(11) == 0);
}
