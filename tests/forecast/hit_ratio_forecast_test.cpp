// SPDX-License-Identifier: MIT
#include "forecast/random.hpp"
#include "support/catch.hpp"

#include <orfeas/forecast/hit_ratio_forecast.hpp>

#include <chrono>
#include <cstddef>

using namespace orfeas::forecast;
using namespace std::chrono_literals;

namespace {

hit_ratio_forecast after(double ratio) {
    hit_ratio_forecast judge;
    orfeas_test::coloured_noise noise{0.5, 3};
    for (int i = 0; i < 500; ++i) {
        judge.update(i * 5min, ratio + 0.01 * noise());
    }
    return judge;
}

} // namespace

TEST_CASE("forecast: a hit ratio is good above 0.8, fair above 0.5, else poor") {
    CHECK(rating_of(0.81) == cache_rating::good);
    CHECK(rating_of(0.8) == cache_rating::fair);
    CHECK(rating_of(0.51) == cache_rating::fair);
    CHECK(rating_of(0.5) == cache_rating::poor);
    CHECK(to_string(cache_rating::fair) == "fair");
    CHECK_FALSE(hit_ratio_forecast{}.outlook(1h));
    auto const good = after(0.9).outlook(1h);
    REQUIRE(good);
    CHECK(good->rating == cache_rating::good);
    CHECK_FALSE(good->enlarge_advised);
    CHECK(good->expected.point == Approx(0.9).margin(0.02));
    CHECK(after(0.6).outlook(1h)->rating == cache_rating::fair);
    auto const poor = after(0.3).outlook(1h);
    CHECK(poor->rating == cache_rating::poor);
    CHECK(poor->enlarge_advised);
}

TEST_CASE("forecast: a hit ratio's scale is logit whatever the options say") {
    seasonal_options options;
    options.scale = "identity";
    CHECK(hit_ratio_forecast{options}.options().scale == "logit");
    auto const sure = after(0.9999).forecast(24h);
    CHECK(sure->high <= 1);
}

TEST_CASE("forecast: a hit ratio forecast is saved, loaded and continued without a difference") {
    orfeas_test::coloured_noise noise{0.5, 4};
    std::vector<double> values;
    for (int i = 0; i < 400; ++i) {
        values.push_back(0.7 + 0.05 * noise());
    }
    CHECK(orfeas_test::goes_on_after_load(
        hit_ratio_forecast{}, values.size(),
        [&](hit_ratio_forecast& judge, std::size_t i) { judge.update(i * 5min, values[i]); }));
    CHECK(orfeas_test::refuses_damage(after(0.5), hit_ratio_forecast{}));
    auto const bytes = orfeas_test::saved(after(0.5));
    orfeas::state_reader in{bytes};
    seasonal_options logit;
    logit.scale = "logit";
    seasonal_forecaster other{logit};
    CHECK(other.load(in) == orfeas::state_error::foreign_state);
}
