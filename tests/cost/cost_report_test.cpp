// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/cost/cost_report.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace orfeas::cost;

TEST_CASE("cost: figures are ratios of what was used") {
    device_amounts const used{.busy_seconds = 30,
                              .idle_seconds = 10,
                              .unrated_seconds = 60,
                              .unobserved_seconds = 5,
                              .priced_seconds = 90,
                              .priced_rated_seconds = 40,
                              .money = 9,
                              .idle_money = 1};
    auto const figures = figures_of(used, 3, 4.5e9);
    CHECK(figures.money == 9);
    CHECK(figures.idle_money == 1);
    CHECK(figures.busy_ratio == 0.75);
    CHECK(figures.money_per_request == 3);
    CHECK(figures.money_per_gigabyte == Approx(2));
    CHECK(figures.charged_seconds == 100);
    CHECK(figures.unpriced_seconds == Approx(10));
    CHECK(figures.unobserved_seconds == 5);
}

TEST_CASE("cost: what cannot be known is absent, not 0") {
    auto const nothing = figures_of({}, 0, 0);
    for (double const value : {nothing.money, nothing.idle_money, nothing.busy_ratio, nothing.money_per_request,
                               nothing.money_per_gigabyte}) {
        CHECK(std::isnan(value));
    }
    device_amounts const unpriced{.unrated_seconds = 10};
    CHECK(std::isnan(figures_of(unpriced, 5, 5).money_per_request));
    device_amounts const unrated{.unrated_seconds = 10, .priced_seconds = 10, .money = 1};
    CHECK(std::isnan(figures_of(unrated, 5, 5).idle_money));
    device_amounts const free{.busy_seconds = 10, .priced_seconds = 10, .priced_rated_seconds = 10};
    CHECK(figures_of(free, 5, 5).money_per_request == 0); // a price of 0 is one
}

TEST_CASE("cost: a report has the whole and the devices") {
    usage used;
    used.devices.push_back(
        {{"0", "H100", "GPU-1"},
         {.busy_seconds = 10, .priced_seconds = 10, .priced_rated_seconds = 10, .money = 20, .requests = 4}});
    used.devices.push_back({{"1", "L4", ""}, {.idle_seconds = 10, .generated_bytes = 7}});
    used.service = {
        .requests = 5, .generated_bytes = 1e9, .cache_hits = 4, .loads = 2, .load_money = 3, .saved_money = 6};
    auto const report = report_of(used, price_list{"2/s", std::vector<std::string>{"L4=1/h"}}, "EUR");
    CHECK(report.overall.money == 20);
    CHECK(report.overall.money_per_request == 4);
    CHECK(report.overall.money_per_gigabyte == Approx(20));
    CHECK(report.overall.unpriced_seconds == 10);
    CHECK(report.mean_load_money == 1.5);
    CHECK(report.saved_money == 6);
    REQUIRE(report.devices.size() == 2);
    CHECK(report.devices[0].device == "GPU-1");
    CHECK(report.devices[0].money_per_hour == 7'200);
    CHECK(report.devices[0].figures.money_per_request == 5);
    CHECK(report.devices[1].money_per_hour == Approx(1));
    CHECK(std::isnan(report.devices[1].figures.money));
    auto const json = orfeas::to_json(report);
    CHECK(json.find("\"currency\":\"EUR\"") != std::string::npos);
    CHECK(json.find("\"name\":\"L4\",\"money_per_hour\":1,\"figures\":{\"money\":null") != std::string::npos);
    CHECK(std::isnan(report_of({}, {}, "EUR").saved_money));
}
