// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/fields.hpp>
#include <orfeas/cost/usage.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace orfeas::cost;

namespace {

usage of(std::vector<std::pair<std::string, double>> const& devices, double requests = 0) {
    usage made;
    for (auto const& [index, busy] : devices) {
        device_amounts amounts;
        amounts.busy_seconds = busy;
        made.devices.push_back({{index, "", ""}, amounts});
    }
    made.service.requests = requests;
    return made;
}

std::vector<std::string> keys(usage const& in) {
    std::vector<std::string> made;
    for (auto const& each : in.devices) {
        made.push_back(each.device.key());
    }
    return made;
}

} // namespace

TEST_CASE("cost: amounts add up member by member") {
    static_assert(orfeas::has_fields<device_amounts> && orfeas::has_fields<service_amounts>);
    device_amounts a;
    device_amounts b;
    double next = 1;
    device_amounts::fields(a, [&](std::string_view, double& value, auto const&...) { value = next++; });
    device_amounts::fields(b, [&](std::string_view, double& value, auto const&...) { value = 100 * next++; });
    auto const sum = a + b;
    CHECK(sum.busy_seconds == a.busy_seconds + b.busy_seconds);
    CHECK(sum.generated_bytes == a.generated_bytes + b.generated_bytes);
    CHECK(sum - b == a);
}

TEST_CASE("cost: usage adds up by device, the newest last") {
    auto all = of({{"0", 1}, {"1", 2}}, 5);
    all.add(of({{"0", 10}, {"2", 20}}, 6));
    CHECK(keys(all) == std::vector<std::string>{"1", "0", "2"});
    CHECK(all.find({"0", "", ""})->amounts.busy_seconds == 11);
    CHECK(all.find({"7", "", ""}) == nullptr);
    CHECK(all.service.requests == 11);
    CHECK(all.total().busy_seconds == 33);
    all.fold(1);
    CHECK(keys(all) == std::vector<std::string>{"2", "former devices"});
    CHECK(all.total().busy_seconds == 33);
}

TEST_CASE("cost: growth is what came since, whatever the order of devices") {
    auto const grown = growth(of({{"2", 20}, {"0", 11}, {"1", 2}}, 11), of({{"0", 1}, {"1", 2}}, 5));
    CHECK(keys(grown) == std::vector<std::string>{"2", "0"});
    CHECK(grown.devices[1].amounts.busy_seconds == 10);
    CHECK(grown.service.requests == 6);
    CHECK(growth(of({{"0", 1}}, 3), of({{"0", 1}}, 3)) == usage{});
}

TEST_CASE("cost: time without a price is told, what rounding leaves is not") {
    device_amounts a;
    a.busy_seconds = 0.1 + 0.2;
    a.priced_seconds = 0.3;
    CHECK(a.unpriced_seconds() == 0);
    a.unrated_seconds = 2;
    CHECK(a.unpriced_seconds() == Approx(2));
}
