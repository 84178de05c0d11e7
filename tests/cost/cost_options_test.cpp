// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cost/cost_options.hpp>

#include <string>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

TEST_CASE("cost: options come from the environment") {
    auto const options = from_environment<cost::cost_options>(
        {}, {"ORFEAS_COST_PRICE=2.5/h", "ORFEAS_COST_CURRENCY=EUR", "ORFEAS_COST_DEVICE_PRICES=0=1/h,*H100*=0.001/s",
             "ORFEAS_COST_MAX_GAP=2min", "ORFEAS_COST_PERIOD=15min"});
    CHECK(options.price == "2.5/h");
    CHECK(options.currency == "EUR");
    CHECK(options.device_prices == std::vector<std::string>{"0=1/h", "*H100*=0.001/s"});
    CHECK(options.max_gap == 2min);
    CHECK(options.period == 15min);
    CHECK_NOTHROW(from_environment<cost::cost_options>({}, {"PATH=/bin"}));
}

TEST_CASE("cost: options that make no sense are refused by name") {
    auto const refuses = [](char const* entry) {
        CHECK_THROWS_WITH(from_environment<cost::cost_options>({}, {entry}),
                          orfeas_test::contains(std::string{entry}.substr(0, std::string{entry}.find('='))));
    };
    refuses("ORFEAS_COST_PRICE=2.5");
    refuses("ORFEAS_COST_PRICE=-1/h");
    refuses("ORFEAS_COST_DEVICE_PRICES=0=1/h,2/h");
    refuses("ORFEAS_COST_CURRENCY=");
    refuses("ORFEAS_COST_MAX_GAP=0s");
    refuses("ORFEAS_COST_MAX_DEVICES=0");
    refuses("ORFEAS_COST_PERIOD=7min"); // divides no day
    refuses("ORFEAS_COST_PRICES=1/h");  // no such option
}
