// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/detect/gap_policy.hpp>

using namespace orfeas::detect;

TEST_CASE("detect: policies of gaps are found by their names") {
    for (auto const each : {gap_policy::ignore, gap_policy::hold, gap_policy::zero, gap_policy::alert}) {
        CHECK(gap_policy_of(to_string(each)) == each);
    }
    CHECK(gap_policy_of("Alert") == gap_policy::ignore);
}
