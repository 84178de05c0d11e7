// SPDX-License-Identifier: MIT
#include "forecast/random.hpp"
#include "support/catch.hpp"

#include <orfeas/forecast/latency_forecast.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

using namespace orfeas::forecast;
using namespace std::chrono_literals;

namespace {

latency_forecast after(double milliseconds) {
    latency_forecast judge;
    orfeas_test::coloured_noise noise{0.5, 3};
    for (int i = 0; i < 500; ++i) {
        judge.update(i * 5min, milliseconds * std::exp(0.1 * noise()));
    }
    return judge;
}

} // namespace

TEST_CASE("forecast: a latency is held against its limit") {
    CHECK_FALSE(latency_forecast{}.outlook(1h, 100));
    auto const within = after(50).outlook(1h, 100);
    REQUIRE(within);
    CHECK(within->rating == latency_rating::within);
    CHECK(within->expected.point == Approx(50).epsilon(0.1));
    CHECK(within->expected.low > 0);
    CHECK(within->limit == 100);
    CHECK(after(99).outlook(1h, 100)->rating == latency_rating::at_risk);
    CHECK(after(200).outlook(1h, 100)->rating == latency_rating::exceeding);
    CHECK(to_string(latency_rating::at_risk) == "at_risk");
}

TEST_CASE("forecast: a latency's band is alike on either side by factors") {
    auto const said = after(50).forecast(1h);
    CHECK(said->high / said->point == Approx(said->point / said->low).epsilon(0.1));
}

TEST_CASE("forecast: a latency forecast is saved, loaded and continued without a difference") {
    orfeas_test::coloured_noise noise{0.5, 4};
    std::vector<double> values;
    for (int i = 0; i < 400; ++i) {
        values.push_back(std::exp(noise()));
    }
    CHECK(
        orfeas_test::goes_on_after_load(latency_forecast{}, values.size(), [&](latency_forecast& judge, std::size_t i) {
            judge.update(i * 5min, values[i]);
        }));
    CHECK(orfeas_test::refuses_damage(after(5), latency_forecast{}));
    auto judge = after(5);
    judge.reset();
    CHECK_FALSE(judge.warm());
}
