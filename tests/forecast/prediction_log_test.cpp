// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/forecast/prediction_log.hpp>
#include <orfeas/forecast/time_to_critical.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>
#include <system_error>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

/// Says that nothing will change, within one unit.
struct unchanging {
    double last = 0;
    bool is_warm = true;

    void update(std::chrono::nanoseconds, double value) { last = value; }
    std::optional<forecast::prediction> forecast(std::chrono::nanoseconds) const {
        return is_warm ? std::optional{forecast::prediction{last, last - 1, last + 1, 0.8}} : std::nullopt;
    }
    bool warm() const noexcept { return is_warm; }
    void reset() {}
    void save(state_writer&) const {}
    std::error_code load(state_reader&) { return {}; }
};
static_assert(forecast::forecaster<unchanging>);

forecast::prediction_log_options const ten_minutes_ahead{.horizon = 10min, .step = 5min};

struct stream {
    forecast::prediction_log log{ten_minutes_ahead};
    unchanging by;

    void value(std::chrono::nanoseconds time, double value) {
        by.update(time, value);
        log.update(time, value, by);
    }
};

} // namespace

TEST_CASE("forecast: a prediction log holds each forecast against the mean of its step") {
    stream of;
    of.value(0min, 10); // a forecast for the step from 10 min on
    of.value(4min, 20);
    of.value(10min, 11); // and two more, for 15 min (none: no value came) and 20 min
    of.value(12min, 10);
    of.value(15min, 30);
    REQUIRE(of.log.size() == 3);
    auto const& first = of.log.past(2);
    CHECK(first.made == 0min);
    CHECK(first.due == 10min);
    CHECK(first.point == 10);
    CHECK(first.actual == 10.5);
    CHECK(first.outcome == forecast::forecast_outcome::within);
    of.value(20min, 5);
    of.value(25min, 5); // the step from 20 min on has ended
    CHECK(of.log.past(3).due == 20min);
    CHECK(of.log.past(3).outcome == forecast::forecast_outcome::outside);
    auto const record = of.log.record();
    CHECK(record.made == 5);
    CHECK(record.within == 1);
    CHECK(record.outside == 1);
    CHECK(record.coverage == 0.5);
    CHECK(record.mean_absolute_error == Approx((0.5 + 6) / 2));
}

TEST_CASE("forecast: a prediction whose time brings no value stays without a verdict") {
    stream of;
    of.value(0min, 1);
    of.value(30min, 1);
    CHECK(of.log.past(1).outcome == forecast::forecast_outcome::unknown);
    CHECK(of.log.record().coverage == 0);
}

TEST_CASE("forecast: a prediction log passes over what is no value, and a forecaster that says nothing") {
    stream of;
    of.by.is_warm = false;
    of.value(0min, 1);
    CHECK(of.log.size() == 0);
    of.by.is_warm = true;
    of.log.update(6min, std::nan(""), of.by);
    of.log.update(0min, 1, of.by);
    CHECK(of.log.size() == 0);
    of.value(6min, 1);
    CHECK(of.log.size() == 1);
}

TEST_CASE("forecast: a prediction log keeps the newest 64, and goes on bit-exact from its state") {
    stream whole;
    stream first;
    for (int i = 0; i < 400; ++i) {
        whole.value(i * 1min, i % 13);
        first.value(i * 1min, i % 13);
    }
    CHECK(whole.log.size() == 64);
    CHECK(whole.log.record().made == 80);
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    first.log.save(out);
    stream second;
    second.by = first.by;
    state_reader in{bytes};
    REQUIRE_FALSE(second.log.load(in));
    for (int i = 400; i < 500; ++i) {
        whole.value(i * 1min, i % 13);
        second.value(i * 1min, i % 13);
    }
    CHECK(second.log.record().within == whole.log.record().within);
    CHECK(second.log.past(3) == whole.log.past(3));
    forecast::prediction_log other{{.horizon = 20min, .step = 5min}};
    state_reader again{bytes};
    CHECK(other.load(again) == state_error::other_options);
    other.reset();
    CHECK(other.size() == 0);
}

TEST_CASE("forecast: options of a prediction log are checked") {
    CHECK_THROWS_WITH((forecast::prediction_log{{.horizon = 1min, .step = 5min}}), orfeas_test::contains("horizon"));
    CHECK_THROWS_WITH((forecast::prediction_log{{.horizon = 10min, .step = 0s}}), orfeas_test::contains("step"));
}
