// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/cost/price.hpp>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace orfeas::cost;

TEST_CASE("cost: a price is an amount an hour or a second") {
    CHECK(*parse_price("3.6/h") == Approx(0.001));
    CHECK(*parse_price("0.0007/s") == 0.0007);
    CHECK(*parse_price("0/h") == 0);
    for (char const* text :
         {"", "/h", "3", "3/", "3/d", "-1/h", "x/h", "1 /h", "1/hh", "inf/h", "nan/s", "1e999/h", "2,5/h"}) {
        INFO(text);
        CHECK_FALSE(parse_price(text));
    }
}

TEST_CASE("cost: a rule is a pattern and a price") {
    auto const rule = parse_device_price("a=b*=1/s");
    REQUIRE(rule);
    CHECK(rule->pattern == "a=b*");
    CHECK(rule->money_per_second == 1);
    CHECK_FALSE(parse_device_price("=1/s"));
    CHECK_FALSE(parse_device_price("a"));
    CHECK_FALSE(parse_device_price("a=1"));
}

TEST_CASE("cost: patterns match the whole index, name or UUID") {
    device_id const device{"3", "NVIDIA H100 80GB HBM3", "GPU-8f3a-77"};
    auto const applies = [&](char const* pattern) { return device_price{pattern, 1}.applies_to(device); };
    for (char const* pattern : {"3", "?", "*H100*", "NVIDIA*HBM?", "GPU-8f3a-77", "GPU-*", "*", "**", "*a*7"}) {
        INFO(pattern);
        CHECK(applies(pattern));
    }
    for (char const* pattern : {"33", "", "H100", "nvidia*", "GPU-8f3a", "*A100*", "??"}) {
        INFO(pattern);
        CHECK_FALSE(applies(pattern));
    }
    std::string const many(2'000, 'a'); // no exponential search
    CHECK_FALSE(detail::matches_wildcard("*a*a*a*a*a*a*a*a*b", many));
}

TEST_CASE("cost: the first rule that matches counts, then the default, else there is no price") {
    std::vector<std::string> const rules{"*H100*=2/s", "*=1/s"};
    price_list const all{"5/s", rules};
    CHECK(all.of({"0", "NVIDIA H100", ""}) == 2);
    CHECK(all.of({"0", "NVIDIA L4", ""}) == 1);
    price_list const by_default{"5/s", std::vector<std::string>{"7=1/s"}};
    CHECK(by_default.of({"0", "", ""}) == 5);
    CHECK(by_default.of({"7", "", ""}) == 1);
    CHECK(std::isnan(price_list{}.of({"0", "", ""})));
}

TEST_CASE("cost: a device is told by its UUID, else its index, else its name") {
    CHECK(device_id{"1", "n", "u"}.key() == "u");
    CHECK(device_id{"1", "n", ""}.key() == "1");
    CHECK(device_id{"", "n", ""}.key() == "n");
}

TEST_CASE("cost: prices told as numbers are refused where texts would be, by the name of the field") {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    for (double const wrong : {-1.0, -1e-300, std::numeric_limits<double>::quiet_NaN(), infinite, -infinite}) {
        INFO(wrong);
        CHECK_THROWS_WITH(price_list(wrong, {}), orfeas_test::contains("price is"));
        CHECK_THROWS_AS(price_list(wrong, {}), orfeas::option_error);
        std::vector<device_price> const rules{{"*H100*", 1}, {"*", wrong}};
        CHECK_THROWS_WITH(price_list(std::nullopt, rules), orfeas_test::contains("device_prices"));
    }
    CHECK_THROWS_WITH(price_list(std::nullopt, std::vector<device_price>{{"", 1}}),
                      orfeas_test::contains("device_prices"));
    price_list const sound{0.0, std::vector<device_price>{{"*H100*", 0.5}}};
    CHECK(sound.of({"0", "NVIDIA H100", ""}) == 0.5);
    CHECK(sound.of({"0", "NVIDIA L4", ""}) == 0);
}
