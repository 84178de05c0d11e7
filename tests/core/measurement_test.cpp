// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/measurement.hpp>

#include <string>
#include <vector>

using namespace orfeas;

namespace {

struct thermometer {
    double degrees = 21.5;
    void measure(measurement_sink sink) const {
        label const place[] = {{"room", "lab"}};
        sink({"thermometer_celsius", measurement_kind::gauge, unit::celsius, degrees, place, "how warm it is"});
    }
};
static_assert(measurable<thermometer>);

struct silent {};
static_assert(!measurable<silent>);

} // namespace

TEST_CASE("core: a component hands its measurements to whoever asks") {
    std::vector<std::string> seen;
    thermometer{}.measure([&](measurement const& m) {
        seen.push_back(std::string{m.name} + "{" + std::string{m.labels[0].value} + "}");
        CHECK(m.value == 21.5);
    });
    CHECK(seen == std::vector<std::string>{"thermometer_celsius{lab}"});
}

TEST_CASE("core: units and kinds have names") {
    CHECK(to_string(unit::bytes) == "bytes");
    CHECK(to_string(unit::per_second) == "per_second");
    CHECK(to_string(measurement_kind::counter) == "counter");
    CHECK(to_string(measurement_kind::gauge) == "gauge");
}
