// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/registry.hpp>

#include <atomic>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace metrics = orfeas::metrics;
using metrics_test::measured;
using metrics_test::written;

TEST_CASE("metrics: a callback gauge lives as long as its handle") {
    metrics::registry registry;
    double level = 1;
    {
        auto const handle = registry.callback_gauge("level", "Level.", [&] { return level; });
        CHECK(measured(registry).at("level") == 1);
        level = 2;
        CHECK_THAT(written(registry), orfeas_test::contains("\nlevel 2\n"));
        CHECK_THROWS_WITH(registry.callback_gauge("level", "Level.", [] { return 0.0; }),
                          orfeas_test::contains("another callback gauge"));
        CHECK_THROWS_WITH(registry.gauge("level", "Level."), orfeas_test::contains("cannot have the same labels"));
    }
    CHECK_FALSE(measured(registry).contains("level"));
    CHECK_THAT(written(registry), !orfeas_test::contains("level"));
    auto again = registry.callback_gauge("level", "Level.", [] { return 9.0; });
    auto moved = std::move(again);
    CHECK(measured(registry).at("level") == 9);
}

TEST_CASE("metrics: a callback that throws costs only its own value, one that asks the registry works") {
    metrics::registry registry;
    auto const bad = registry.callback_gauge("bad", "Bad.", []() -> double { throw std::runtime_error{"no"}; });
    auto const nested =
        registry.callback_gauge("nested", "Nested.", [&] { return registry.gauge("fresh", "F.").value(); });
    auto const values = measured(registry);
    CHECK(std::isnan(values.at("bad")));
    CHECK(values.at("nested") == 0);
    CHECK(measured(registry).contains("fresh"));
}

TEST_CASE("metrics: a callback gauge may outlive its registry") {
    auto registry = std::make_unique<metrics::registry>();
    auto const handle = registry->callback_gauge("level", "Level.", [] { return 1.0; });
    registry.reset();
    SUCCEED("destroyed in this order without a fault (the address sanitizer is the judge)");
}

TEST_CASE("metrics: a handle that goes waits for a call that is running") {
    metrics::registry registry;
    std::atomic<bool> entered{false};
    std::atomic<bool> leaving{false};
    std::atomic<bool> left{false};
    std::optional<metrics::callback_gauge> handle;
    handle.emplace(registry.callback_gauge("slow", "Slow.", [&] {
        entered = true;
        while (!leaving) {
            std::this_thread::yield();
        }
        for (int i = 0; i < 1'000; ++i) { // gives the other thread the time to be wrong
            std::this_thread::yield();
        }
        left = true;
        return 1.0;
    }));
    std::thread scraper{[&] { measured(registry); }};
    while (!entered) {
        std::this_thread::yield();
    }
    leaving = true;
    handle.reset();
    CHECK(left);
    scraper.join();
}
