// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/operations.hpp>

#include <cmath>
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
        table.record(name, 1ms, failed);
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
    }
}

TEST_CASE("trace: quantiles of an operation are within a few per cent") {
    trace::detail::operation_table table{4};
    for (int i = 1; i <= 1000; ++i) {
        table.record("work", std::chrono::microseconds{i}, false);
    }
    auto const work = table.report().at(0);
    CHECK(std::abs(work.p50_ms - 0.5) < 0.01);
    CHECK(std::abs(work.p95_ms - 0.95) < 0.02);
    CHECK(std::abs(work.p99_ms - 0.99) < 0.02);
    CHECK(std::abs(work.mean_ms - 0.5005) < 1e-9);
}
