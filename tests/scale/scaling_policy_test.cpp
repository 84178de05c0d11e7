// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/scale/scaling_policy.hpp>

namespace scale = orfeas::scale;
using namespace std::chrono_literals;

TEST_CASE("a policy is a number of replicas or a per cent of them in a period", "[scale]") {
    CHECK(scale::parse_scaling_policy("4/15s") == scale::scaling_policy{scale::policy_kind::pods, 4, 15s});
    CHECK(scale::parse_scaling_policy("100%/1min") == scale::scaling_policy{scale::policy_kind::percent, 100, 60s});
    CHECK(scale::parse_scaling_policy("1/30min") == scale::scaling_policy{scale::policy_kind::pods, 1, 1'800s});
    for (auto const* text : {"", "4", "4/", "/15s", "0/15s", "-1/15s", "4%", "4 /15s", "%/15s", "4/0s", "4/31min",
                             "4/15x", "1000001/15s", "99999999999/15s", "4%%/15s"}) {
        INFO(text);
        CHECK_FALSE(scale::parse_scaling_policy(text));
    }
}

TEST_CASE("a list of policies is not empty, and all of it can be read", "[scale]") {
    scale::scaling_policies const allowed;
    CHECK(allowed.allows({"4/15s", "100%/15s"}));
    CHECK_FALSE(allowed.allows({}));
    CHECK_FALSE(allowed.allows({"4/15s", "fast"}));
}
