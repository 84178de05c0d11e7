// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/components.hpp>

#include <string>
#include <vector>

using namespace orfeas;

namespace {

struct pump {
    double litres = 3;
    bool works = true;
    void measure(measurement_sink sink) const {
        label const labels[] = {{"a", "1"}, {"z", "2"}};
        sink({"pump_litres", measurement_kind::gauge, unit::none, litres, labels, "what went through"});
    }
    observe::component_status status() const { return {works, works ? "" : "the valve is shut"}; }
};
static_assert(observe::reports_status<pump>);

struct plain {
    void measure(measurement_sink) const {}
};
static_assert(!observe::reports_status<plain>);

} // namespace

TEST_CASE("observe: measurements carry the component's name, labels stay sorted") {
    observe::components watched;
    pump const p;
    watched.add("cellar", p);
    std::vector<std::string> seen;
    watched.measure([&](measurement const& m) {
        for (auto const& each : m.labels) {
            seen.push_back(std::string{each.name} + "=" + std::string{each.value});
        }
        CHECK(m.name == "pump_litres");
        CHECK(m.value == 3);
    });
    CHECK(seen == std::vector<std::string>{"a=1", "component=cellar", "z=2"});
}

TEST_CASE("observe: components tell how they are, and those that cannot are taken to be well") {
    observe::components watched;
    pump broken;
    broken.works = false;
    plain const quiet;
    watched.add("cellar", broken);
    watched.add("attic", quiet);
    auto const all = watched.status();
    REQUIRE(all.size() == 2);
    CHECK(all[0].first == "cellar");
    CHECK_FALSE(all[0].second.operational);
    CHECK(all[0].second.detail == "the valve is shut");
    CHECK(all[1].second.operational);
}

TEST_CASE("observe: a name is given once, and free again after its watch ends") {
    observe::components watched;
    pump const p;
    watched.add("cellar", p);
    CHECK_THROWS_AS(watched.add("cellar", p), option_error);
    CHECK_THROWS_AS(watched.add("", p), option_error);
    CHECK(watched.remove("cellar"));
    CHECK_FALSE(watched.remove("cellar"));
    watched.measure([](measurement const&) { FAIL("nothing is watched"); });
    watched.add("cellar", p);
    CHECK(watched.status().size() == 1);
}
