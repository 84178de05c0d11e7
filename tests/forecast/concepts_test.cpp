// SPDX-License-Identifier: MIT
#include "forecast/random.hpp"
#include "support/catch.hpp"

#include <orfeas/forecast.hpp>
#include <orfeas/forecast/fwd.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>
#include <system_error>

using namespace orfeas::forecast;
using namespace std::chrono_literals;

namespace {

using time_type = std::chrono::nanoseconds;

/// The least that a forecaster is.
struct last_value {
    double value = 0;
    bool has_value = false;

    void update(time_type, double next) {
        value = next;
        has_value = true;
    }
    std::optional<prediction> forecast(time_type) const {
        return has_value ? std::optional{prediction{value, value, value, 0.8}} : std::nullopt;
    }
    bool warm() const noexcept { return has_value; }
    void reset() { *this = {}; }
    void save(orfeas::state_writer&) const {}
    std::error_code load(orfeas::state_reader&) { return {}; }
};
static_assert(forecaster<last_value>);

struct without_state {
    void update(time_type, double) {}
    std::optional<prediction> forecast(time_type) const { return std::nullopt; }
    bool warm() const noexcept { return false; }
    void reset() {}
};
struct bare_number : last_value {
    double forecast(time_type) const { return value; }
};
struct looks_by_changing : last_value {
    std::optional<prediction> forecast(time_type) { return std::nullopt; }
};
struct warms_by_throwing : last_value {
    bool warm() const { return true; }
};
struct judges_at_once : last_value {
    std::optional<prediction> update(time_type, double) { return std::nullopt; }
};
struct not_a_value : last_value {
    not_a_value(not_a_value const&) = delete;
};
static_assert(!forecaster<without_state>);
static_assert(!forecaster<bare_number>);
static_assert(!forecaster<looks_by_changing>);
static_assert(!forecaster<warms_by_throwing>);
static_assert(!forecaster<judges_at_once>);
static_assert(!forecaster<not_a_value>);
static_assert(!forecaster<predictive_alert>);
static_assert(!forecaster<int>);

} // namespace

TEMPLATE_TEST_CASE("forecast: what every forecaster promises", "", last_value, time_to_critical, trend_estimator,
                   seasonal_forecaster, hit_ratio_forecast, latency_forecast) {
    TestType judge;
    CHECK_FALSE(judge.warm());
    CHECK_FALSE(judge.forecast(1min));
    orfeas_test::coloured_noise noise{0.5, 1};
    for (int i = 0; i < 2'000; ++i) {
        judge.update(i * 1min, 0.5 + 0.05 * noise());
    }
    REQUIRE(judge.warm());
    auto const copy = judge;
    for (auto const horizon : {time_type{0}, time_type{1min}, time_type{24h}}) {
        auto const said = judge.forecast(horizon);
        REQUIRE(said);
        CHECK(said->low <= said->point);
        CHECK(said->point <= said->high);
        CHECK(std::isfinite(said->low));
        CHECK(std::isfinite(said->high));
        CHECK(said->level > 0);
        CHECK(said->level < 1);
        CHECK(copy.forecast(horizon) == said);
    }
    judge.reset();
    CHECK_FALSE(judge.warm());
    CHECK(copy.warm());
}
