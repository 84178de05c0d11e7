// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/forecast/prediction.hpp>

using namespace orfeas::forecast;

TEST_CASE("forecast: polarities have names") {
    for (auto const each : {polarity::higher_is_better, polarity::lower_is_better}) {
        CHECK(polarity_of(to_string(each)) == each);
    }
    CHECK(polarity_of("neither") == polarity::lower_is_better);
    CHECK(prediction{1, 0, 2, 0.8} != prediction{1, 0, 2, 0.9});
}
